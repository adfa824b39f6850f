// Element-wise, reducing and data-moving kernels of the engine; products are OpenBLAS's.
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

  // For `rows` rows of `columns` values: out = activation(out + bias[row]), then
  // (out + residual) * factor where residual is given (row strides `ld` and `ld_residual`).
  // bias may be NULL.
  void (*finish_rows)(float *out, size_t ld, size_t rows, size_t columns, const float *bias,
                      const float *residual, size_t ld_residual, float factor, int activation);

  // The same with one bias value a column.
  void (*finish_columns)(float *out, size_t ld, size_t rows, size_t columns, const float *bias,
                         const float *residual, size_t ld_residual, float factor, int activation);

  // y = a * x + b * y0 (+ c * z where z is given), n elements; y may be any of the inputs.
  void (*combine)(const float *x, float a, const float *y0, float b, const float *z, float c,
                  float *y, size_t n);
};

struct ck_table ck_kernels(int level);

// Columns [first, last) of the patch matrix of a picture x of `channels` planes of height x width:
// row (c, i, j) of `col` (kernel_height x kernel_width rows a channel, row stride last - first) holds
// the value under tap (i, j) for each output pixel, 0 outside. Output pixels are counted row by row
// over an output of width (width + 2 padding - kernel_width) / stride + 1.
void ck_im2col(const float *x, size_t channels, size_t height, size_t width, size_t kernel_height,
               size_t kernel_width, size_t stride, size_t padding, size_t first, size_t last,
               float *col);

// Average over 2 x 2 windows of one plane; an odd last row or column is left out.
void ck_average_pool_2x2(const float *x, size_t height, size_t width, float *y);

// Each value of one plane repeated 2 x 2.
void ck_upsample_nearest_2x2(const float *x, size_t height, size_t width, float *y);

// Processors that this process may run on, at least 1.
int ck_processors(void);

#ifdef __cplusplus
}
#endif
