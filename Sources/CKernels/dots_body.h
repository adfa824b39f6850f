// Dot products of weights with a few rows of activations. Included once a level by kernels.c, after kernels_body.h;
// CK_SUMS is how many sums stay in registers.

static inline __attribute__((always_inline)) v16 CK(weights)(const void *w, int element, size_t index, size_t n) {
  if (element == CK_FLOAT32) {
    const float *p = (const float *)w + index;
    return n == 16 ? CK(load)(p) : CK(load_part)(p, n);
  }
  u16x16 narrow = {0};
  memcpy(&narrow, (const unsigned short *)w + index, n == 16 ? sizeof narrow : n * 2);
  return element == CK_BFLOAT16 ? (v16)(__builtin_convertvector(narrow, i16) << 16) : CK(half)(narrow);
}

static inline __attribute__((always_inline)) void CK(dots_step)(
    const void *w, const int element, size_t lda, size_t first, const float *x, size_t ldx, size_t k, const size_t n,
    v16 *sums, const int rows, const int columns) {
  v16 weight[4];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) weight[r] = CK(weights)(w, element, (first + (size_t)r) * lda + k, n);
#pragma clang loop unroll(full)
  for (int c = 0; c < columns; c++) {
    v16 value = n == 16 ? CK(load)(x + (size_t)c * ldx) : CK(load_part)(x + (size_t)c * ldx, n);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) sums[r * columns + c] = CK_FMA(weight[r], value, sums[r * columns + c]);
  }
}

// `rows`, `columns` and `element` are constants where this is inlined.
static inline __attribute__((always_inline)) void CK(dots_block)(
    const void *w, const int element, size_t lda, size_t first, size_t depth, const float *x, size_t ldx, float *y,
    size_t ldy, const int rows, const int columns) {
  v16 sums[CK_SUMS];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows * columns; i++) sums[i] = CK(splat)(0.0f);
  size_t k = 0;
  for (; k + 16 <= depth; k += 16) CK(dots_step)(w, element, lda, first, x + k, ldx, k, 16, sums, rows, columns);
  if (k < depth) CK(dots_step)(w, element, lda, first, x + k, ldx, k, depth - k, sums, rows, columns);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++) y[(size_t)c * ldy + first + (size_t)r] = CK(sum)(sums[r * columns + c]);
}

#define CK_DOTS(n)                                                                                      \
  static inline __attribute__((always_inline)) void CK(dots_##n)(                                       \
      const void *w, const int element, size_t lda, size_t rows, size_t depth, const float *x, size_t ldx, \
      float *y, size_t ldy) {                                                                           \
    enum { AT_ONCE = CK_SUMS / n > 4 ? 4 : CK_SUMS / n > 0 ? CK_SUMS / n : 1 };                         \
    size_t r = 0;                                                                                       \
    for (; r + AT_ONCE <= rows; r += AT_ONCE)                                                           \
      CK(dots_block)(w, element, lda, r, depth, x, ldx, y, ldy, AT_ONCE, n);                            \
    for (; r < rows; r++) CK(dots_block)(w, element, lda, r, depth, x, ldx, y, ldy, 1, n);              \
  }
CK_DOTS(1)
CK_DOTS(2)
CK_DOTS(3)
CK_DOTS(4)
CK_DOTS(6)
#undef CK_DOTS

// Six columns at once, or what is left of them in fours, threes, twos and ones: each sum is the same anyhow.
static inline __attribute__((always_inline)) void CK(dots_of)(
    const void *w, const int element, size_t lda, size_t rows, size_t depth, const float *x, size_t ldx, size_t columns,
    float *y, size_t ldy) {
  while (columns > 0) {
    size_t done = columns >= 6 ? 6 : columns == 5 ? 3 : columns;
    switch (done) {
      case 6: CK(dots_6)(w, element, lda, rows, depth, x, ldx, y, ldy); break;
      case 4: CK(dots_4)(w, element, lda, rows, depth, x, ldx, y, ldy); break;
      case 3: CK(dots_3)(w, element, lda, rows, depth, x, ldx, y, ldy); break;
      case 2: CK(dots_2)(w, element, lda, rows, depth, x, ldx, y, ldy); break;
      default: CK(dots_1)(w, element, lda, rows, depth, x, ldx, y, ldy); break;
    }
    x += done * ldx;
    y += done * ldy;
    columns -= done;
  }
}

static void CK(dots)(const void *w, int element, size_t lda, size_t rows, size_t depth, const float *x, size_t ldx,
                     size_t columns, float *y, size_t ldy) {
  switch (element) {
    case CK_FLOAT16: CK(dots_of)(w, CK_FLOAT16, lda, rows, depth, x, ldx, columns, y, ldy); break;
    case CK_BFLOAT16: CK(dots_of)(w, CK_BFLOAT16, lda, rows, depth, x, ldx, columns, y, ldy); break;
    default: CK(dots_of)(w, CK_FLOAT32, lda, rows, depth, x, ldx, columns, y, ldy); break;
  }
}
