// Winograd's transforms for tiles of CK_TILE x CK_TILE results. Included once a level and tile size by kernels.c, after
// kernels_body.h and dots_body.h.

#define CK_WINDOW (CK_TILE + 2)
#define CKW_JOIN(name, tile) CK_JOIN_TILE(name, tile)
#define CK_JOIN_TILE(name, tile) CK(name##_##tile)
#define CKW(name) CKW_JOIN(name, CK_TILE)

// One dimension of the inputs: B^T d.
static inline __attribute__((always_inline)) void CKW(winograd_input_line)(const v16 *d, v16 *t) {
#if CK_TILE == 2
  t[0] = d[0] - d[2];
  t[1] = d[1] + d[2];
  t[2] = d[2] - d[1];
  t[3] = d[1] - d[3];
#elif CK_TILE == 6
  const v16 quarter = CK(splat)(0.25f), half = CK(splat)(0.5f), two = CK(splat)(2.0f), four = CK(splat)(4.0f);
  const v16 five = CK(splat)(5.0f), five_quarters = CK(splat)(1.25f), five_halves = CK(splat)(2.5f);
  const v16 inner = CK(splat)(4.25f), outer = CK(splat)(5.25f);
  v16 a = d[2] + d[6] - inner * d[4], b = d[1] + d[5] - inner * d[3];
  v16 c = quarter * d[2] - five_quarters * d[4] + d[6], e = half * d[1] - five_halves * d[3] + two * d[5];
  v16 f = four * d[2] - five * d[4] + d[6], g = two * d[1] - five_halves * d[3] + half * d[5];
  t[0] = d[0] - d[6] + outer * (d[4] - d[2]);
  t[1] = a + b;
  t[2] = a - b;
  t[3] = c + e;
  t[4] = c - e;
  t[5] = f + g;
  t[6] = f - g;
  t[7] = d[7] - d[1] + outer * (d[3] - d[5]);
#else
  const v16 two = CK(splat)(2.0f), four = CK(splat)(4.0f), five = CK(splat)(5.0f);
  v16 a = d[4] - four * d[2], b = d[3] - four * d[1];
  v16 c = d[4] - d[2], e = two * (d[3] - d[1]);
  t[0] = four * d[0] - five * d[2] + d[4];
  t[1] = a + b;
  t[2] = a - b;
  t[3] = c + e;
  t[4] = c - e;
  t[5] = four * d[1] - five * d[3] + d[5];
#endif
}

// Products to results, A^T m.
static inline __attribute__((always_inline)) void CKW(winograd_output_line)(const v16 *m, v16 *y) {
#if CK_TILE == 2
  y[0] = m[0] + m[1] + m[2];
  y[1] = m[1] - m[2] - m[3];
#elif CK_TILE == 6
  v16 a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4], e = m[5] + m[6], f = m[5] - m[6];
  y[0] = m[0] + a + c + e;
  y[1] = b + CK(splat)(2.0f) * d + CK(splat)(0.5f) * f;
  y[2] = a + CK(splat)(4.0f) * c + CK(splat)(0.25f) * e;
  y[3] = b + CK(splat)(8.0f) * d + CK(splat)(0.125f) * f;
  y[4] = a + CK(splat)(16.0f) * c + CK(splat)(0.0625f) * e;
  y[5] = b + CK(splat)(32.0f) * d + CK(splat)(0.03125f) * f + m[7];
#else
  const v16 two = CK(splat)(2.0f), four = CK(splat)(4.0f), eight = CK(splat)(8.0f);
  v16 a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  y[0] = m[0] + a + c;
  y[1] = b + two * d;
  y[2] = a + four * c;
  y[3] = b + eight * d + m[5];
#endif
}

// Three taps, G g.
static inline __attribute__((always_inline)) void CKW(winograd_weight_line)(const v16 *g, v16 *u) {
#if CK_TILE == 2
  const v16 half = CK(splat)(0.5f);
  v16 a = half * (g[0] + g[2]), b = half * g[1];
  u[0] = g[0];
  u[1] = a + b;
  u[2] = a - b;
  u[3] = g[2];
#elif CK_TILE == 6
  const v16 ninths = CK(splat)(-2.0f / 9);
  v16 a = ninths * (g[0] + g[2]), b = ninths * g[1];
  v16 c = CK(splat)(1.0f / 90) * g[0] + CK(splat)(2.0f / 45) * g[2], d = CK(splat)(1.0f / 45) * g[1];
  v16 e = CK(splat)(32.0f / 45) * g[0] + CK(splat)(8.0f / 45) * g[2], f = CK(splat)(16.0f / 45) * g[1];
  u[0] = g[0];
  u[1] = a + b;
  u[2] = a - b;
  u[3] = c + d;
  u[4] = c - d;
  u[5] = e + f;
  u[6] = e - f;
  u[7] = g[2];
#else
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
#endif
}

// Sixteen tiles' values of a line, column by column of a tile, and back.
static inline __attribute__((always_inline)) void CKW(winograd_part)(const v16 *line, v16 *columns) {
#if CK_TILE == 2
  CK(part_by_2)(line[0], line[1], &columns[0], &columns[1]);
#elif CK_TILE == 6
  v16 even[3], odd[3];
  for (int i = 0; i < 3; i++) CK(part_by_2)(line[2 * i], line[2 * i + 1], &even[i], &odd[i]);
  CK(part_by_3)(even, &columns[0], 2);
  CK(part_by_3)(odd, &columns[1], 2);
#else
  v16 even[2], odd[2];
  for (int i = 0; i < 2; i++) CK(part_by_2)(line[2 * i], line[2 * i + 1], &even[i], &odd[i]);
  CK(part_by_2)(even[0], even[1], &columns[0], &columns[2]);
  CK(part_by_2)(odd[0], odd[1], &columns[1], &columns[3]);
#endif
}

static inline __attribute__((always_inline)) void CKW(winograd_join)(const v16 *columns, v16 *line) {
#if CK_TILE == 2
  CK(join_by_2)(columns[0], columns[1], &line[0], &line[1]);
#elif CK_TILE == 6
  v16 even[3], odd[3];
  CK(join_by_3)(&columns[0], 2, even);
  CK(join_by_3)(&columns[1], 2, odd);
  for (int i = 0; i < 3; i++) CK(join_by_2)(even[i], odd[i], &line[2 * i], &line[2 * i + 1]);
#else
  v16 even[2], odd[2];
  CK(join_by_2)(columns[0], columns[2], &even[0], &even[1]);
  CK(join_by_2)(columns[1], columns[3], &odd[0], &odd[1]);
  for (int i = 0; i < 2; i++) CK(join_by_2)(even[i], odd[i], &line[2 * i], &line[2 * i + 1]);
#endif
}

// Rows of tiles whose values of a line fill sixteen tiles together, where planes are that narrow; else 1.
static inline size_t CKW(winograd_together)(size_t width) {
  return width % 8 == 0 && width % CK_TILE == 0 && 16 * CK_TILE % width == 0 ? 16 * CK_TILE / width : 1;
}

// The windows' values in a line of pixels, transformed along it, for sixteen tiles. Tile 0 has `before` to its left,
// tile 15 `after` to its right; where `tiles` is less than 16, tiles of several lines lie side by side.
static inline __attribute__((always_inline)) void CKW(winograd_window_line)(const v16 *line, float before, float after,
                                                                           size_t tiles, float *x, size_t stride) {
  v16 d[CK_WINDOW], t[CK_WINDOW];
  CKW(winograd_part)(line, d + 1);
  d[0] = __builtin_shufflevector(CK(splat)(before), d[CK_TILE], 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
                                 30);
  d[CK_WINDOW - 1] =
      __builtin_shufflevector(d[1], CK(splat)(after), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
  if (tiles < 16) {
    const i16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const i16 place = lane & ((int)tiles - 1);
    d[0] = CK(select)(place == 0, CK(splat)(0.0f), d[0]);
    d[CK_WINDOW - 1] = CK(select)(place == (int)tiles - 1, CK(splat)(0.0f), d[CK_WINDOW - 1]);
  }
  CKW(winograd_input_line)(d, t);
  for (int column = 0; column < CK_WINDOW; column++) CK(store)(x + (size_t)column * stride, t[column]);
}

// Where each eight pixels of such a line lie: in which row of tiles, and from which pixel on.
static inline void CKW(winograd_halves)(size_t width, size_t *rows, size_t *pixels) {
  for (size_t i = 0; i < 2 * CK_TILE; i++) {
    rows[i] = 8 * i / width;
    pixels[i] = 8 * i % width;
  }
}

static void CKW(winograd_gather)(const float *plane, size_t height, size_t width, struct ck_tiles run, float *x,
                                 size_t stride) {
  const size_t tiles = run.columns, together = CKW(winograd_together)(width);
  size_t half_row[2 * CK_TILE], half_pixel[2 * CK_TILE];
  if (together > 1) CKW(winograd_halves)(width, half_row, half_pixel);
  for (size_t first = 0; first < run.rows; first += together, x += together * tiles) {
    size_t rows = run.rows - first < together ? run.rows - first : together;
    for (size_t r = 0; r < CK_WINDOW; r++) {
      float *out = x + r * CK_WINDOW * stride;
      // Of the first row of tiles; those of the others follow CK_TILE lines apart.
      ptrdiff_t y = (ptrdiff_t)(CK_TILE * (run.row + first) + r) - 1;
      v16 line[CK_TILE];
      if (together > 1) {
        for (size_t i = 0; i < CK_TILE; i++) {
          v8 half[2];
          for (size_t h = 0; h < 2; h++) {
            size_t row = half_row[2 * i + h];
            ptrdiff_t own = y + (ptrdiff_t)(CK_TILE * row);
            if (row < rows && own >= 0 && own < (ptrdiff_t)height)
              memcpy(&half[h], plane + (size_t)own * width + half_pixel[2 * i + h], sizeof half[h]);
            else
              half[h] = (v8){0};
          }
          line[i] = __builtin_shufflevector(half[0], half[1], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        }
        CKW(winograd_window_line)(line, 0, 0, tiles, out, stride);
        continue;
      }
      if (y < 0 || y >= (ptrdiff_t)height) {
        for (size_t column = 0; column < CK_WINDOW; column++) memset(out + column * stride, 0, tiles * sizeof(float));
        continue;
      }
      const float *pixels = plane + (size_t)y * width;
      for (size_t tile = 0; tile < tiles; tile += 16) {
        size_t begin = CK_TILE * (run.column + tile), end = begin + 16 * CK_TILE;
        for (size_t i = 0; i < CK_TILE; i++) {
          size_t place = begin + 16 * i;
          line[i] = place + 16 <= width ? CK(load)(pixels + place)
                    : place < width     ? CK(load_part)(pixels + place, width - place)
                                        : CK(splat)(0.0f);
        }
        CKW(winograd_window_line)(line, begin > 0 ? pixels[begin - 1] : 0, end < width ? pixels[end] : 0, 16, out + tile,
                                  stride);
      }
    }
  }
}

static inline __attribute__((always_inline)) v16 CKW(winograd_finish)(v16 x, v16 bias, const float *residual,
                                                                      size_t count, v16 factor) {
  x += bias;
  if (residual == NULL) return x;
  return (x + (count == 16 ? CK(load)(residual) : CK(load_part)(residual, count))) * factor;
}

static void CKW(winograd_scatter)(const float *y, size_t stride, size_t height, size_t width, struct ck_tiles run,
                                  float *plane, float bias, const float *residual, float factor) {
  const size_t tiles = run.columns, together = CKW(winograd_together)(width), last = CK_TILE * (run.column + tiles);
  const size_t end = last < width ? last : width;
  const v16 b = CK(splat)(bias), f = CK(splat)(factor);
  size_t half_row[2 * CK_TILE], half_pixel[2 * CK_TILE];
  if (together > 1) CKW(winograd_halves)(width, half_row, half_pixel);
  for (size_t first = 0; first < run.rows; first += together, y += together * tiles) {
    size_t rows = run.rows - first < together ? run.rows - first : together;
    for (size_t r = 0; r < CK_TILE; r++) {
      const float *in = y + r * CK_TILE * stride;
      size_t own = CK_TILE * (run.row + first) + r;
      v16 columns[CK_TILE], line[CK_TILE];
      if (together > 1) {
        for (int column = 0; column < CK_TILE; column++) columns[column] = CK(load)(in + (size_t)column * stride);
        CKW(winograd_join)(columns, line);
        for (size_t i = 0; i < 2 * CK_TILE; i++) {
          size_t row = own + CK_TILE * half_row[i];
          if (half_row[i] >= rows || row >= height) break;
          float *out = plane + row * width + half_pixel[i];
          v8 half;
          memcpy(&half, (const float *)line + 8 * i, sizeof half);
          v16 value = __builtin_shufflevector(half, half, 0, 1, 2, 3, 4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1) + b;
          if (residual) {
            v8 more;
            memcpy(&more, residual + (out - plane), sizeof more);
            value = (value + __builtin_shufflevector(more, more, 0, 1, 2, 3, 4, 5, 6, 7, -1, -1, -1, -1, -1, -1, -1, -1)) * f;
          }
          memcpy(out, &value, sizeof half);
        }
        continue;
      }
      if (own >= height) break;
      float *out = plane + own * width;
      const float *more = residual ? residual + own * width : NULL;
      for (size_t tile = 0; tile < tiles; tile += 16) {
        for (int column = 0; column < CK_TILE; column++)
          columns[column] = CK(load)(in + (size_t)column * stride + tile);
        CKW(winograd_join)(columns, line);
        for (size_t i = 0; i < CK_TILE; i++) {
          size_t place = CK_TILE * (run.column + tile) + 16 * i;
          if (place >= end) break;
          size_t count = end - place < 16 ? end - place : 16;
          v16 value = CKW(winograd_finish)(line[i], b, more ? more + place : NULL, count, f);
          if (count == 16) CK(store)(out + place, value); else CK(store_part)(out + place, value, count);
        }
      }
    }
  }
}

static void CKW(winograd_input)(const float *x, size_t stride, size_t count, float *v, size_t panel_stride,
                                size_t position_stride) {
  for (size_t tile = 0; tile < count; tile += 16) {
    float *out = v + tile / CK_PANEL * panel_stride + tile % CK_PANEL;
    for (int column = 0; column < CK_WINDOW; column++) {
      v16 d[CK_WINDOW], t[CK_WINDOW];
      for (int row = 0; row < CK_WINDOW; row++)
        d[row] = CK(load)(x + (size_t)(row * CK_WINDOW + column) * stride + tile);
      CKW(winograd_input_line)(d, t);
      for (int row = 0; row < CK_WINDOW; row++)
        CK(store)(out + (size_t)(row * CK_WINDOW + column) * position_stride, t[row]);
    }
  }
}

static void CKW(winograd_output)(const float *m, size_t panel_stride, size_t position_stride, size_t count, float *y,
                                 size_t stride) {
  for (size_t tile = 0; tile < count; tile += 16) {
    const float *in = m + tile / CK_PANEL * panel_stride + tile % CK_PANEL;
    v16 lines[CK_TILE][CK_WINDOW];
    for (int column = 0; column < CK_WINDOW; column++) {
      v16 d[CK_WINDOW], t[CK_TILE];
      for (int row = 0; row < CK_WINDOW; row++)
        d[row] = CK(load)(in + (size_t)(row * CK_WINDOW + column) * position_stride);
      CKW(winograd_output_line)(d, t);
      for (int row = 0; row < CK_TILE; row++) lines[row][column] = t[row];
    }
    for (int row = 0; row < CK_TILE; row++) {
      v16 t[CK_TILE];
      CKW(winograd_output_line)(lines[row], t);
      for (int column = 0; column < CK_TILE; column++)
        CK(store)(y + (size_t)(row * CK_TILE + column) * stride + tile, t[column]);
    }
  }
}

static inline __attribute__((always_inline)) void CKW(winograd_weights_of)(
    const void *w, const int element, size_t channels, float *u, size_t position_stride) {
  enum { TAPS = 9, LANES = 16 };
  for (size_t first = 0; first < channels; first += LANES) {
    size_t count = channels - first < LANES ? channels - first : LANES;
    v16 taps[TAPS];
    if (count == LANES) {
      for (int i = 0; i < TAPS; i++) taps[i] = CK(weights)(w, element, first * TAPS + (size_t)i * LANES, LANES);
    } else {
      // Of the last channels, only what is there may be read.
      for (int i = 0; i < TAPS; i++) {
        size_t begin = (size_t)i * LANES, end = count * TAPS;
        size_t part = end < begin ? 0 : end - begin < LANES ? end - begin : LANES;
        taps[i] = part == 0 ? CK(splat)(0.0f) : CK(weights)(w, element, first * TAPS + begin, part);
      }
    }
    // From channel by channel to tap by tap: first by the column of a tap, then by its row.
    v16 columns[3][3], rows[3][3];
    for (int i = 0; i < 3; i++) CK(part_by_3)(taps + 3 * i, &columns[0][i], 3);
    for (int column = 0; column < 3; column++) CK(part_by_3)(columns[column], &rows[0][column], 3);
    v16 lines[CK_WINDOW][3];
    for (int column = 0; column < 3; column++) {
      v16 g[3] = {rows[0][column], rows[1][column], rows[2][column]}, t[CK_WINDOW];
      CKW(winograd_weight_line)(g, t);
      for (int row = 0; row < CK_WINDOW; row++) lines[row][column] = t[row];
    }
    for (int row = 0; row < CK_WINDOW; row++) {
      v16 t[CK_WINDOW];
      CKW(winograd_weight_line)(lines[row], t);
      for (int column = 0; column < CK_WINDOW; column++) {
        float *out = u + (size_t)(row * CK_WINDOW + column) * position_stride + first;
        if (count == LANES) CK(store)(out, t[column]); else CK(store_part)(out, t[column], count);
      }
    }
  }
}

static void CKW(winograd_weights)(const void *w, int element, size_t channels, float *u, size_t position_stride) {
  switch (element) {
    case CK_FLOAT16: CKW(winograd_weights_of)(w, CK_FLOAT16, channels, u, position_stride); break;
    case CK_BFLOAT16: CKW(winograd_weights_of)(w, CK_BFLOAT16, channels, u, position_stride); break;
    default: CKW(winograd_weights_of)(w, CK_FLOAT32, channels, u, position_stride); break;
  }
}

#undef CKW
#undef CKW_JOIN
#undef CK_JOIN_TILE
#undef CK_WINDOW
