// Softmax down the columns of a panel: scores of 32 queries, a row a key. Included once a level by kernels.c, after
// kernels_body.h and product_body.h.

// Of 16 columns from `first` on, which see row r.
static inline __attribute__((always_inline)) i16 CK(visible)(size_t r, size_t first, size_t valid, size_t slope) {
  const i16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return lanes * (int)slope + (int)(valid + first * slope) > (int)r;
}

static void CK(softmax_columns)(float *x, size_t rows, size_t columns, size_t valid, size_t slope, float factor,
                                float *inverses) {
  const v16 lowest = CK(splat)(-3.4e38f), f = CK(splat)(factor), none = CK(splat)(0.0f);
  for (size_t first = 0; first < columns; first += 16) {
    float *p = x + first;
    // Rows that all of these columns see need no mask.
    size_t common = valid + first * slope < rows ? valid + first * slope : rows;
    v16 top = lowest;
    for (size_t r = 0; r < common; r++) top = CK(max)(top, CK(load)(p + r * CK_PANEL));
    for (size_t r = common; r < rows; r++)
      top = CK(max)(top, CK(select)(CK(visible)(r, first, valid, slope), CK(load)(p + r * CK_PANEL), lowest));
    v16 total = none;
    for (size_t r = 0; r < common; r++) {
      v16 e = CK(exp)((CK(load)(p + r * CK_PANEL) - top) * f);
      CK(store)(p + r * CK_PANEL, e);
      total += e;
    }
    for (size_t r = common; r < rows; r++) {
      v16 e = CK(exp)((CK(load)(p + r * CK_PANEL) - top) * f);
      e = CK(select)(CK(visible)(r, first, valid, slope), e, none);
      CK(store)(p + r * CK_PANEL, e);
      total += e;
    }
    CK(store)(inverses + first, CK(splat)(1.0f) / total);
  }
}

static void CK(scale_columns)(const float *x, size_t rows, size_t columns, const float *factors, float *y,
                              size_t stride) {
  for (size_t first = 0; first < columns; first += 16) {
    size_t part = columns - first < 16 ? columns - first : 16;
    v16 f = CK(load)(factors + first);
    for (size_t r = 0; r < rows; r++) {
      v16 v = CK(load)(x + r * CK_PANEL + first) * f;
      float *out = y + r * stride + first;
      if (part == 16) CK(store)(out, v); else CK(store_part)(out, v, part);
    }
  }
}
