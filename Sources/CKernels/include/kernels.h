// The vector kernels of the engine: products, Winograd's transforms, element-wise and reducing operations.
//
// Every kernel is written once, in `kernels_body.h`, over explicit vectors of 16 floats, and
// compiled for AVX-512, for AVX2 and for the baseline of the architecture (on 64-bit Arm that is
// NEON). Without contraction of products and sums the three give the same bits, so the baseline
// build is the plain twin that the tests compare with.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ck_activation {
  CK_IDENTITY = 0,
  CK_SILU = 1,        // x * sigmoid(x)
  CK_GELU = 2,        // x * Phi(x), by the error function
  CK_QUICK_GELU = 3,  // x * sigmoid(1.702 x)
  CK_RELU = 4,
};

// The instruction set that calls are served with.
enum ck_level { CK_BASELINE = 0, CK_AVX2 = 1, CK_AVX512 = 2 };

// The best level this processor has, capped by the environment variable ATELIER_KERNELS
// (`baseline`, `avx2`, `avx512`), read once.
int ck_level_available(void);

// How weights are stored.
enum ck_element { CK_FLOAT32 = 0, CK_FLOAT16 = 1, CK_BFLOAT16 = 2 };

// Rows of tiles of a plane from `row` on, of each the tiles from `column` on. Of planes so narrow that tiles of several
// rows share a register (at most 8 tiles in whole eights of pixels), all columns.
struct ck_tiles {
  size_t row, rows, column, columns;
};

// Winograd's F(m x m, 3 x 3) ("Fast Algorithms for Convolutional Neural Networks", 2015) for m = 2, 4 or 6, step by step.
// Tile (i, j) of a plane has the results from row m i and column m j on; its window, of n = m + 2 values a side, begins
// a row and a column before. Transformed, a window and a kernel have n * n positions. `count` is a multiple of 16.
struct ck_winograd {
  // The windows of some tiles of a plane, transformed along its lines: value (i, j) of tile t, counted row by row, goes to
  // x[(n i + j) * stride + t]; outside the plane is zero. Up to 15 values behind the last are overwritten.
  void (*gather)(const float *plane, size_t height, size_t width, struct ck_tiles tiles, float *x, size_t stride);
  // Along the columns too: transformed value p of tile t goes to v[p * position_stride + t / 32 * panel_stride + t % 32].
  void (*input)(const float *x, size_t stride, size_t count, float *v, size_t panel_stride, size_t position_stride);
  // From `channels` kernels of 3 x 3, of the type `element`, to u[p * position_stride + channel].
  void (*weights)(const void *w, int element, size_t channels, float *u, size_t position_stride);
  // From products laid out like v to result (i, j) of tile t at y[(m i + j) * stride + t].
  void (*output)(const float *products, size_t panel_stride, size_t position_stride, size_t count, float *y,
                 size_t stride);
  // From results to what of some tiles lies inside the plane: result + bias, then (that + residual) * factor where a plane
  // to add is given. Up to 15 values of y behind the last are read.
  void (*scatter)(const float *y, size_t stride, size_t height, size_t width, struct ck_tiles tiles, float *plane,
                  float bias, const float *residual, float factor);
};

// One table of kernels a level. `ck_kernels(level)` answers the table of that level, or of the best
// one below it that this processor has.
struct ck_table {
  // y = activation(x), n elements; x and y may be the same.
  void (*activate)(const float *x, float *y, size_t n, int activation);

  // Group normalisation of one group: `channels` planes of `pixels` values each, contiguous.
  // y = activation((x - mean) / sqrt(variance + eps) * gamma[c] + beta[c]); with `scale` and `shift`
  // (one a channel, or NULL) the normalised value becomes value * (1 + scale[c]) + shift[c] first.
  // x and y may be the same.
  void (*group_norm)(const float *x, float *y, size_t channels, size_t pixels, const float *gamma,
                     const float *beta, const float *scale, const float *shift, float eps,
                     int activation);

  // Layer normalisation of one row of n values; gamma and beta have n values each.
  void (*layer_norm)(const float *x, float *y, size_t n, const float *gamma, const float *beta,
                     float eps);

  // In place: x = softmax(x * factor) over the first `valid` of n values; the others become 0.
  void (*softmax)(float *x, size_t n, size_t valid, float factor);

  // The same down the columns of a panel of `rows` x 32, without the division by their sums, whose inverses go to
  // `inverses`, 32 of them. Column c has `valid` + c * `slope` valid rows, and at least one. `columns` are computed, in
  // sixteens.
  void (*softmax_columns)(float *x, size_t rows, size_t columns, size_t valid, size_t slope, float factor,
                          float *inverses);

  // y[r * stride + c] = x[r * 32 + c] * factors[c] for `rows` rows of the first `columns` of a panel.
  void (*scale_columns)(const float *x, size_t rows, size_t columns, const float *factors, float *y, size_t stride);

  // For `rows` rows of `columns` values: out = activation(x + bias[row] + offset[row]), then (out + residual) * factor
  // where residual is given. `ld_x`, `ld` and `ld_residual` are row strides; x and out may be the same; bias, offset and
  // residual may be NULL.
  void (*finish_rows)(const float *x, size_t ld_x, float *out, size_t ld, size_t rows, size_t columns,
                      const float *bias, const float *offset, const float *residual, size_t ld_residual, float factor,
                      int activation);

  // The same in place, with one bias value a column.
  void (*finish_columns)(float *out, size_t ld, size_t rows, size_t columns, const float *bias,
                         const float *residual, size_t ld_residual, float factor, int activation);

  // y = a * x + b * y0, n elements; y may be any of the inputs.
  void (*combine)(const float *x, float a, const float *y0, float b, float *y, size_t n);

  // C = A * B, or C += A * B: A of `rows` x `depth` with row stride `lda`, B of `depth` x `columns` with row stride
  // `ldb`, which is 32 for a packed panel, C with row stride `ldc`. Columns are read and written in sixteens. Each sum
  // runs over the depth in order. Meanwhile the `rows` x `depth` values at `next`, if that is not NULL, are brought into the
  // second-level cache; they need not exist.
  void (*product)(const float *a, size_t lda, const float *b, size_t ldb, size_t rows, size_t depth, size_t columns,
                  float *c, size_t ldc, bool accumulate, const float *next);

  // y[c * ldy + r] = the product of row r of the weights, of `depth` values with row stride `lda` and of the type
  // `element`, with row c of x, for `columns` rows of x: what is quickest where these are few.
  void (*dots)(const void *w, int element, size_t lda, size_t rows, size_t depth, const float *x, size_t ldx,
               size_t columns, float *y, size_t ldy);

  // y = x, n values of half precision (an `enum ck_element`) as single ones.
  void (*widen)(const void *x, int element, size_t n, float *y);

  // Turns blocks of 16 uniform values in [0, 1) into normal ones ("A Note on the Generation of Random Normal Deviates", Box
  // and Muller, 1958): of a block the first eight give radii, the others angles. With the very roundings of PyTorch's
  // AVX2 kernel: its polynomials (after the Cephes library) and its fused multiply-adds.
  void (*box_muller)(float *values, size_t blocks);

  struct ck_winograd winograd_2, winograd_4, winograd_6;
};

struct ck_table ck_kernels(int level);

// Columns [first, last) of the patch matrix of a picture x of `channels` planes of height x width:
// row (c, i, j) of `col` (kernel_height x kernel_width rows a channel, row stride last - first) holds
// the value under tap (i, j) for each output pixel, 0 outside. Output pixels are counted row by row
// over an output of width (width + 2 padding - kernel_width) / stride + 1.
void ck_im2col(const float *x, size_t channels, size_t height, size_t width, size_t kernel_height,
               size_t kernel_width, size_t stride, size_t padding, size_t first, size_t last,
               float *col);

// Rows of a matrix as columns of a panel: panel[k * 32 + r] = x[r * stride + k], zero for r from `rows` to 31.
void ck_pack_rows(const float *x, size_t stride, size_t rows, size_t depth, float *panel);

// Columns of a matrix as a panel: panel[k * 32 + c] = x[k * stride + c], zero for c from `columns` to 31.
void ck_pack_columns(const float *x, size_t stride, size_t depth, size_t columns, float *panel);

// And back: y[r * stride + k] = c[k * 32 + r] for `rows` of the 32.
void ck_unpack_rows(const float *c, size_t rows, size_t depth, float *y, size_t stride);

// y[c * y_stride + r] = x[r * stride + c] for `rows` x `columns` values of x.
void ck_transpose(const float *x, size_t stride, size_t rows, size_t columns, float *y, size_t y_stride);

// Tells the processor that the calling thread waits for another one.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Average over 2 x 2 windows of one plane; an odd last row or column is left out.
void ck_average_pool_2x2(const float *x, size_t height, size_t width, float *y);

// Each value of one plane repeated 2 x 2.
void ck_upsample_nearest_2x2(const float *x, size_t height, size_t width, float *y);

// Processors that this process may run on, at least 1.
int ck_processors(void);

#ifdef __cplusplus
}
#endif
