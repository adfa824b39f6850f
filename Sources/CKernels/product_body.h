// Products of a row-major matrix with packed panels of 32 columns. Included once a level by kernels.c, after
// kernels_body.h; CK_ROWS is how many rows stay in registers, CK_VECTORS how many v16 of a panel's two.

#define CK_PANEL 32
// How many rows of a panel are fetched before they are used.
#define CK_AHEAD 32

// Rows [0, rows) of C, 16 * vectors columns: C = A * B, or C += A * B. `rows` and `vectors` are constants where
// this is inlined, so that the sums stay in registers.
static inline __attribute__((always_inline)) void CK(product_block)(
    const float *a, size_t lda, const float *b, size_t ldb, size_t depth, float *c, size_t ldc, bool accumulate,
    const float *next, const int rows, const int vectors) {
  v16 sums[CK_ROWS][CK_VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++)
      sums[r][v] = accumulate ? CK(load)(c + (size_t)r * ldc + 16 * v) : CK(splat)(0.0f);
  for (size_t k = 0; k < depth; k++) {
    // Panels stream past, far larger than the second-level cache, which the weights are to stay in.
    __builtin_prefetch(b + (k + CK_AHEAD) * ldb, 0, 0);
    if (vectors == 2) __builtin_prefetch(b + (k + CK_AHEAD) * ldb + 16, 0, 0);
    __builtin_prefetch(next + k * (size_t)rows, 0, 2);
    v16 column[CK_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) column[v] = CK(load)(b + k * ldb + 16 * v);
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

static void CK(product)(const float *a, size_t lda, const float *b, size_t ldb, size_t rows, size_t depth,
                        size_t columns, float *c, size_t ldc, bool accumulate, const float *next) {
  if (next == NULL) next = a;
  for (size_t column = 0; column < columns;) {
    size_t r = 0;
#define CK_BLOCK(n, vectors)                                                                     \
  CK(product_block)(a + r * lda, lda, b + column, ldb, depth, c + r * ldc + column, ldc, \
                    accumulate, next + r * depth, n, vectors)
// What is left of the rows, in as few blocks as there are sizes for: small ones wait for their own sums.
#if CK_ROWS >= 8
#define CK_REST(vectors)                                     \
  do {                                                       \
    for (; r + 8 <= rows; r += 8) CK_BLOCK(8, vectors);      \
    for (; r + 6 <= rows; r += 6) CK_BLOCK(6, vectors);      \
    for (; r + 3 <= rows; r += 3) CK_BLOCK(3, vectors);      \
    for (; r < rows; r++) CK_BLOCK(1, vectors);              \
  } while (0)
#else
#define CK_REST(vectors)                                     \
  do {                                                       \
    for (; r + 3 <= rows; r += 3) CK_BLOCK(3, vectors);      \
    for (; r < rows; r++) CK_BLOCK(1, vectors);              \
  } while (0)
#endif
    if (columns - column > 16 && CK_VECTORS == 2) {
      for (; r + CK_ROWS <= rows; r += CK_ROWS) CK_BLOCK(CK_ROWS, CK_VECTORS);
      CK_REST(CK_VECTORS);
      column += 32;
    } else {
      for (; r + CK_ROWS <= rows; r += CK_ROWS) CK_BLOCK(CK_ROWS, 1);
      CK_REST(1);
      column += 16;
    }
#undef CK_BLOCK
#undef CK_REST
  }
}
