// Products of a row-major matrix with packed panels of 32 columns. Included once a level by kernels.c, after
// kernels_body.h; CK_ROWS is how many rows stay in registers, CK_VECTORS how many v16 of a panel's two.

#define CK_PANEL 32

// Rows [0, rows) of C, 16 * vectors columns: C = A * B, or C += A * B. `rows` and `vectors` are constants where
// this is inlined, so that the sums stay in registers.
static inline __attribute__((always_inline)) void CK(product_block)(
    const float *a, size_t lda, const float *b, size_t depth, float *c, size_t ldc, bool accumulate,
    const int rows, const int vectors) {
  v16 sums[CK_ROWS][CK_VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++)
      sums[r][v] = accumulate ? CK(load)(c + (size_t)r * ldc + 16 * v) : CK(splat)(0.0f);
  for (size_t k = 0; k < depth; k++) {
    v16 column[CK_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) column[v] = CK(load)(b + k * CK_PANEL + 16 * v);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      v16 factor = CK(splat)(a[(size_t)r * lda + k]);
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sums[r][v] = CK_FMA(factor, column[v], sums[r][v]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) CK(store)(c + (size_t)r * ldc + 16 * v, sums[r][v]);
}

static void CK(product)(const float *a, size_t lda, const float *b, size_t rows, size_t depth, size_t columns,
                        float *c, size_t ldc, bool accumulate) {
  for (size_t column = 0; column < columns;) {
    size_t r = 0;
#define CK_BLOCK(n, vectors)                                                                     \
  CK(product_block)(a + r * lda, lda, b + column, depth, c + r * ldc + column, ldc, accumulate, \
                    n, vectors)
    if (columns - column > 16 && CK_VECTORS == 2) {
      for (; r + CK_ROWS <= rows; r += CK_ROWS) CK_BLOCK(CK_ROWS, CK_VECTORS);
      for (; r + 4 <= rows; r += 4) CK_BLOCK(4, CK_VECTORS);
      for (; r < rows; r++) CK_BLOCK(1, CK_VECTORS);
      column += 32;
    } else {
      for (; r + CK_ROWS <= rows; r += CK_ROWS) CK_BLOCK(CK_ROWS, 1);
      for (; r + 4 <= rows; r += 4) CK_BLOCK(4, 1);
      for (; r < rows; r++) CK_BLOCK(1, 1);
      column += 16;
    }
#undef CK_BLOCK
  }
}

// One dimension of Winograd's F(4, 3): six inputs, B^T d.
static inline __attribute__((always_inline)) void CK(winograd_input_line)(const v16 d[6], v16 t[6]) {
  const v16 two = CK(splat)(2.0f), four = CK(splat)(4.0f), five = CK(splat)(5.0f);
  v16 a = d[4] - four * d[2], b = d[3] - four * d[1];
  v16 c = d[4] - d[2], e = two * (d[3] - d[1]);
  t[0] = four * d[0] - five * d[2] + d[4];
  t[1] = a + b;
  t[2] = a - b;
  t[3] = c + e;
  t[4] = c - e;
  t[5] = four * d[1] - five * d[3] + d[5];
}

// Six products to four outputs, A^T m.
static inline __attribute__((always_inline)) void CK(winograd_output_line)(const v16 m[6], v16 y[4]) {
  const v16 two = CK(splat)(2.0f), four = CK(splat)(4.0f), eight = CK(splat)(8.0f);
  v16 a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  y[0] = m[0] + a + c;
  y[1] = b + two * d;
  y[2] = a + four * c;
  y[3] = b + eight * d + m[5];
}

// Three taps to six, G g.
static inline __attribute__((always_inline)) void CK(winograd_weight_line)(const v16 g[3], v16 u[6]) {
  const v16 quarter = CK(splat)(0.25f), sixth = CK(splat)(1.0f / 6), part = CK(splat)(1.0f / 24);
  const v16 twelfth = CK(splat)(1.0f / 12);
  v16 a = CK(splat)(0.0f) - sixth * (g[0] + g[2]), b = sixth * g[1];
  v16 c = part * g[0] + sixth * g[2], d = twelfth * g[1];
  u[0] = quarter * g[0];
  u[1] = a - b;
  u[2] = a + b;
  u[3] = c + d;
  u[4] = c - d;
  u[5] = g[2];
}

static void CK(winograd_input)(const float *x, size_t stride, size_t count, float *v, size_t panel_stride,
                               size_t position_stride) {
  for (size_t tile = 0; tile < count; tile += 16) {
    v16 lines[6][6];
    for (int column = 0; column < 6; column++) {
      v16 d[6], t[6];
      for (int row = 0; row < 6; row++) d[row] = CK(load)(x + (size_t)(row * 6 + column) * stride + tile);
      CK(winograd_input_line)(d, t);
      for (int row = 0; row < 6; row++) lines[row][column] = t[row];
    }
    float *out = v + tile / CK_PANEL * panel_stride + tile % CK_PANEL;
    for (int row = 0; row < 6; row++) {
      v16 t[6];
      CK(winograd_input_line)(lines[row], t);
      for (int column = 0; column < 6; column++)
        CK(store)(out + (size_t)(row * 6 + column) * position_stride, t[column]);
    }
  }
}

static void CK(winograd_output)(const float *m, size_t panel_stride, size_t position_stride, size_t count,
                                float *y, size_t stride) {
  for (size_t tile = 0; tile < count; tile += 16) {
    const float *in = m + tile / CK_PANEL * panel_stride + tile % CK_PANEL;
    v16 lines[4][6];
    for (int column = 0; column < 6; column++) {
      v16 d[6], t[4];
      for (int row = 0; row < 6; row++) d[row] = CK(load)(in + (size_t)(row * 6 + column) * position_stride);
      CK(winograd_output_line)(d, t);
      for (int row = 0; row < 4; row++) lines[row][column] = t[row];
    }
    for (int row = 0; row < 4; row++) {
      v16 t[4];
      CK(winograd_output_line)(lines[row], t);
      for (int column = 0; column < 4; column++)
        CK(store)(y + (size_t)(row * 4 + column) * stride + tile, t[column]);
    }
  }
}

static void CK(winograd_weights)(const float *w, size_t channels, float *u, size_t position_stride) {
  // The taps of many channels are sorted before any is used: a vector read right behind the single values that were
  // written to it would wait for them.
  enum { AT_ONCE = 128 };
  float taps[9][AT_ONCE];
  for (size_t first = 0; first < channels; first += AT_ONCE) {
    size_t count = channels - first < AT_ONCE ? channels - first : AT_ONCE;
    const float *in = w + first * 9;
    for (int tap = 0; tap < 9; tap++)
      for (size_t k = 0; k < count; k++) taps[tap][k] = in[k * 9 + (size_t)tap];
    for (size_t k = count; k % 16 != 0; k++)
      for (int tap = 0; tap < 9; tap++) taps[tap][k] = 0;
    for (size_t c = 0; c < count; c += 16) {
      size_t part = count - c < 16 ? count - c : 16;
      v16 lines[6][3];
      for (int column = 0; column < 3; column++) {
        v16 g[3], t[6];
        for (int row = 0; row < 3; row++) g[row] = CK(load)(&taps[row * 3 + column][c]);
        CK(winograd_weight_line)(g, t);
        for (int row = 0; row < 6; row++) lines[row][column] = t[row];
      }
      for (int row = 0; row < 6; row++) {
        v16 t[6];
        CK(winograd_weight_line)(lines[row], t);
        for (int column = 0; column < 6; column++) {
          float *out = u + (size_t)(row * 6 + column) * position_stride + first + c;
          if (part == 16) CK(store)(out, t[column]); else CK(store_part)(out, t[column], part);
        }
      }
    }
  }
}
