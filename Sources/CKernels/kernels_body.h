// The bodies of the vector kernels. Included once a level by kernels.c with CK(name) naming the
// level's copy. All arithmetic runs over `v16`, tails too (padded by zeros), so every level computes
// the same sums in the same order.

static inline v16 CK(load)(const float *p) {
  v16 v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void CK(store)(float *p, v16 v) { memcpy(p, &v, sizeof v); }

static inline v16 CK(load_part)(const float *p, size_t n) {
  float buffer[16] = {0};
  memcpy(buffer, p, n * sizeof(float));
  return CK(load)(buffer);
}

static inline void CK(store_part)(float *p, v16 v, size_t n) {
  float buffer[16];
  CK(store)(buffer, v);
  memcpy(p, buffer, n * sizeof(float));
}

static inline v16 CK(splat)(float x) {
  return (v16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

static inline v16 CK(select)(i16 mask, v16 a, v16 b) {
  return (v16)(((i16)a & mask) | ((i16)b & ~mask));
}

static inline v16 CK(max)(v16 a, v16 b) { return CK(select)(a > b, a, b); }
static inline v16 CK(min)(v16 a, v16 b) { return CK(select)(a < b, a, b); }

// Sum of the lanes, halving, so that the order does not depend on the register width.
static inline __attribute__((always_inline)) float CK(sum)(v16 v) {
  v8 eight = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
             __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  v4 four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  return (four[0] + four[2]) + (four[1] + four[3]);
}

static inline float CK(largest)(v16 v) {
  float f[16];
  CK(store)(f, v);
  float m = f[0];
  for (int i = 1; i < 16; i++) m = f[i] > m ? f[i] : m;
  return m;
}

// e^x within 2 units in the last place: 2^n times a polynomial on |r| <= ln 2 / 2 (Cephes, expf).
static inline v16 CK(exp)(v16 x) {
  x = CK(min)(x, CK(splat)(88.0f));
  x = CK(max)(x, CK(splat)(-87.33654f));
  // Adding and taking away 1.5 * 2^23 rounds to the nearest integer.
  const v16 magic = CK(splat)(12582912.0f);
  v16 n = (x * CK(splat)(1.44269504088896341f) + magic) - magic;
  v16 r = x - n * CK(splat)(0.693359375f);
  r = r - n * CK(splat)(-2.12194440e-4f);
  v16 p = CK(splat)(1.9875691500e-4f);
  p = p * r + CK(splat)(1.3981999507e-3f);
  p = p * r + CK(splat)(8.3334519073e-3f);
  p = p * r + CK(splat)(4.1665795894e-2f);
  p = p * r + CK(splat)(1.6666665459e-1f);
  p = p * r + CK(splat)(5.0000001201e-1f);
  p = p * r * r + r + CK(splat)(1.0f);
  i16 exponent = (__builtin_convertvector(n, i16) + 127) << 23;
  return p * (v16)exponent;
}

// The error function within 2e-7: Cephes' polynomial below 1, Abramowitz and Stegun 7.1.26 above.
static inline v16 CK(erf)(v16 x) {
  const i16 sign_bit = (i16)CK(splat)(-0.0f);
  i16 sign = (i16)x & sign_bit;
  v16 a = (v16)((i16)x & ~sign_bit);
  v16 s = a * a;
  v16 p = CK(splat)(7.853861353153693e-5f);
  p = p * s + CK(splat)(-8.010193625184903e-4f);
  p = p * s + CK(splat)(5.188327685732524e-3f);
  p = p * s + CK(splat)(-2.685381193529856e-2f);
  p = p * s + CK(splat)(1.128358514861418e-1f);
  p = p * s + CK(splat)(-3.761262582423300e-1f);
  p = p * s + CK(splat)(1.128379165726710f);
  v16 small = a * p;
  v16 t = CK(splat)(1.0f) / (CK(splat)(1.0f) + CK(splat)(0.3275911f) * a);
  v16 q = CK(splat)(1.061405429f);
  q = q * t + CK(splat)(-1.453152027f);
  q = q * t + CK(splat)(1.421413741f);
  q = q * t + CK(splat)(-0.284496736f);
  q = q * t + CK(splat)(0.254829592f);
  v16 large = CK(splat)(1.0f) - q * t * CK(exp)(CK(splat)(0.0f) - s);
  v16 magnitude = CK(select)(a < CK(splat)(1.0f), small, large);
  return (v16)((i16)magnitude | sign);
}

static inline v16 CK(sigmoid)(v16 x) {
  return CK(splat)(1.0f) / (CK(splat)(1.0f) + CK(exp)(CK(splat)(0.0f) - x));
}

static inline v16 CK(apply)(v16 x, int activation) {
  switch (activation) {
    case CK_SILU: return x * CK(sigmoid)(x);
    case CK_GELU:
      return CK(splat)(0.5f) * x *
             (CK(splat)(1.0f) + CK(erf)(x * CK(splat)(0.70710678118654752f)));
    case CK_QUICK_GELU: return x * CK(sigmoid)(x * CK(splat)(1.702f));
    case CK_RELU: return CK(max)(x, CK(splat)(0.0f));
    default: return x;
  }
}

static void CK(activate)(const float *x, float *y, size_t n, int activation) {
  size_t i = 0;
  for (; i + 16 <= n; i += 16) CK(store)(y + i, CK(apply)(CK(load)(x + i), activation));
  if (i < n) CK(store_part)(y + i, CK(apply)(CK(load_part)(x + i, n - i), activation), n - i);
}

// a * b + c, rounded once, at every level.
static inline v16 CK(fused)(v16 a, v16 b, v16 c) { return __builtin_elementwise_fma(a, b, c); }

// Natural logarithm of values in (0, 1].
static inline v16 CK(normal_logarithm)(v16 value) {
  i16 bits = (i16)CK(max)(value, CK(splat)(1.17549435e-38f));
  // A mantissa in [sqrt(1/2), sqrt(2)) less one, and the power of two that belongs to it.
  v16 x = (v16)((bits & (int)0x807fffff) | 0x3f000000);
  v16 exponent = __builtin_convertvector((bits >> 23) - 126, v16);
  i16 small = x < CK(splat)(0.707106781186547524f);
  exponent -= CK(select)(small, CK(splat)(1.0f), CK(splat)(0.0f));
  x = x - CK(splat)(1.0f) + CK(select)(small, x, CK(splat)(0.0f));
  v16 square = x * x;
  v16 y = CK(splat)(7.0376836292e-2f);
  y = CK(fused)(y, x, CK(splat)(-1.1514610310e-1f));
  y = CK(fused)(y, x, CK(splat)(1.1676998740e-1f));
  y = CK(fused)(y, x, CK(splat)(-1.2420140846e-1f));
  y = CK(fused)(y, x, CK(splat)(1.4249322787e-1f));
  y = CK(fused)(y, x, CK(splat)(-1.6668057665e-1f));
  y = CK(fused)(y, x, CK(splat)(2.0000714765e-1f));
  y = CK(fused)(y, x, CK(splat)(-2.4999993993e-1f));
  y = CK(fused)(y, x, CK(splat)(3.3333331174e-1f));
  y = y * x;
  y = CK(fused)(y, square, exponent * CK(splat)(-2.12194440e-4f));
  y = CK(fused)(square, CK(splat)(-0.5f), y);
  return CK(fused)(exponent, CK(splat)(0.693359375f), x + y);
}

// Of angles that are not negative.
static inline void CK(normal_sine_cosine)(v16 angle, v16 *sine, v16 *cosine) {
  // Eighths of a turn, rounded up to quarters.
  i16 eighth = (__builtin_convertvector(angle * CK(splat)(1.27323954473516f), i16) + 1) & ~1;
  v16 turn = __builtin_convertvector(eighth, v16);
  v16 x = CK(fused)(turn, CK(splat)(-0.78515625f), angle);
  x = CK(fused)(turn, CK(splat)(-2.4187564849853515625e-4f), x);
  x = CK(fused)(turn, CK(splat)(-3.77489497744594108e-8f), x);
  v16 square = x * x;
  v16 even = CK(fused)(CK(splat)(2.443315711809948e-5f), square, CK(splat)(-1.388731625493765e-3f));
  even = CK(fused)(even, square, CK(splat)(4.166664568298827e-2f));
  even = even * square;
  even = CK(fused)(even, square, CK(splat)(0.0f) - square * CK(splat)(0.5f)) + CK(splat)(1.0f);
  v16 odd = CK(fused)(CK(splat)(-1.9515295891e-4f), square, CK(splat)(8.3321608736e-3f));
  odd = CK(fused)(odd, square, CK(splat)(-1.6666654611e-1f));
  odd = odd * square;
  odd = CK(fused)(odd, x, x);
  const i16 sign = (i16)CK(splat)(-0.0f);
  i16 is_even = (eighth & 2) == 0;
  i16 sine_sign = ((eighth & 4) != 0) & sign, cosine_sign = (((eighth - 2) & 4) == 0) & sign;
  *sine = (v16)((i16)CK(select)(is_even, odd, even) ^ sine_sign);
  *cosine = (v16)((i16)CK(select)(is_even, even, odd) ^ cosine_sign);
}

static void CK(box_muller)(float *values, size_t blocks) {
  // Two blocks fill the registers.
  for (size_t block = 0; block < blocks; block += 2) {
    float *p = values + 16 * block;
    v16 first = CK(load)(p), second = block + 1 < blocks ? CK(load)(p + 16) : first;
    v16 radii = __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    v16 angles = __builtin_shufflevector(first, second, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    v16 radius = __builtin_elementwise_sqrt(CK(splat)(-2.0f) * CK(normal_logarithm)(CK(splat)(1.0f) - radii));
    v16 sine, cosine;
    CK(normal_sine_cosine)(CK(splat)(6.283185307179586f) * angles, &sine, &cosine);
    v16 a = radius * cosine, b = radius * sine;
    CK(store)(p, __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
    if (block + 1 < blocks)
      CK(store)(p + 16, __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
  }
}

// Sum of n values, or of their squared distances from `centre`, in double across blocks.
static double CK(moment)(const float *x, size_t n, float centre, bool squared) {
  double total = 0;
  for (size_t start = 0; start < n; start += 4096) {
    size_t count = n - start < 4096 ? n - start : 4096;
    const float *p = x + start;
    v16 a = CK(splat)(0.0f), b = a, c = CK(splat)(centre);
    size_t i = 0;
    if (squared) {
      for (; i + 32 <= count; i += 32) {
        v16 u = CK(load)(p + i) - c, v = CK(load)(p + i + 16) - c;
        a += u * u;
        b += v * v;
      }
      for (; i < count; i += 16) {
        float buffer[16] = {0};
        size_t part = count - i < 16 ? count - i : 16;
        for (size_t k = 0; k < part; k++) buffer[k] = p[i + k] - centre;
        v16 u = CK(load)(buffer);
        a += u * u;
      }
    } else {
      for (; i + 32 <= count; i += 32) {
        a += CK(load)(p + i);
        b += CK(load)(p + i + 16);
      }
      for (; i < count; i += 16) a += CK(load_part)(p + i, count - i < 16 ? count - i : 16);
    }
    total += (double)CK(sum)(a + b);
  }
  return total;
}

static void CK(group_norm)(const float *x, float *y, size_t channels, size_t pixels,
                           const float *gamma, const float *beta, const float *scale,
                           const float *shift, float eps, int activation) {
  size_t n = channels * pixels;
  float mean = (float)(CK(moment)(x, n, 0, false) / (double)n);
  double variance = CK(moment)(x, n, mean, true) / (double)n;
  float inverse = (float)(1.0 / sqrt(variance + (double)eps));
  for (size_t c = 0; c < channels; c++) {
    float factor = inverse * gamma[c];
    float offset = beta[c] - mean * factor;
    if (scale) {
      factor = factor * (1.0f + scale[c]);
      offset = offset * (1.0f + scale[c]) + shift[c];
    }
    v16 f = CK(splat)(factor), o = CK(splat)(offset);
    const float *in = x + c * pixels;
    float *out = y + c * pixels;
    size_t i = 0;
    for (; i + 16 <= pixels; i += 16)
      CK(store)(out + i, CK(apply)(CK(load)(in + i) * f + o, activation));
    if (i < pixels)
      CK(store_part)(out + i, CK(apply)(CK(load_part)(in + i, pixels - i) * f + o, activation),
                     pixels - i);
  }
}

static void CK(layer_norm)(const float *x, float *y, size_t n, const float *gamma,
                           const float *beta, float eps) {
  float mean = (float)(CK(moment)(x, n, 0, false) / (double)n);
  double variance = CK(moment)(x, n, mean, true) / (double)n;
  v16 m = CK(splat)(mean), f = CK(splat)((float)(1.0 / sqrt(variance + (double)eps)));
  size_t i = 0;
  for (; i + 16 <= n; i += 16)
    CK(store)(y + i, (CK(load)(x + i) - m) * f * CK(load)(gamma + i) + CK(load)(beta + i));
  if (i < n) {
    size_t part = n - i;
    v16 v = (CK(load_part)(x + i, part) - m) * f * CK(load_part)(gamma + i, part) +
            CK(load_part)(beta + i, part);
    CK(store_part)(y + i, v, part);
  }
}

static void CK(softmax)(float *x, size_t n, size_t valid, float factor) {
  if (valid > n) valid = n;
  v16 top = CK(splat)(-3.4e38f);
  size_t i = 0;
  for (; i + 16 <= valid; i += 16) top = CK(max)(top, CK(load)(x + i));
  float largest = CK(largest)(top);
  for (; i < valid; i++) largest = x[i] > largest ? x[i] : largest;
  v16 total = CK(splat)(0.0f), f = CK(splat)(factor), m = CK(splat)(largest);
  for (i = 0; i + 16 <= valid; i += 16) {
    v16 e = CK(exp)((CK(load)(x + i) - m) * f);
    CK(store)(x + i, e);
    total += e;
  }
  if (i < valid) {
    size_t part = valid - i;
    CK(store_part)(x + i, CK(exp)((CK(load_part)(x + i, part) - m) * f), part);
    total += CK(load_part)(x + i, part);
  }
  v16 inverse = CK(splat)(1.0f / CK(sum)(total));
  for (i = 0; i + 16 <= valid; i += 16) CK(store)(x + i, CK(load)(x + i) * inverse);
  if (i < valid) CK(store_part)(x + i, CK(load_part)(x + i, valid - i) * inverse, valid - i);
  if (valid < n) memset(x + valid, 0, (n - valid) * sizeof(float));
}

static inline void CK(finish_row)(const float *x, float *out, size_t columns, const float *bias_row, float bias,
                                  const float *residual, float factor, int activation) {
  v16 f = CK(splat)(factor), b = CK(splat)(bias);
  size_t i = 0;
  for (; i + 16 <= columns; i += 16) {
    v16 v = CK(load)(x + i) + (bias_row ? CK(load)(bias_row + i) : b);
    v = CK(apply)(v, activation);
    if (residual) v = (v + CK(load)(residual + i)) * f;
    CK(store)(out + i, v);
  }
  if (i < columns) {
    size_t part = columns - i;
    v16 v = CK(load_part)(x + i, part) + (bias_row ? CK(load_part)(bias_row + i, part) : b);
    v = CK(apply)(v, activation);
    if (residual) v = (v + CK(load_part)(residual + i, part)) * f;
    CK(store_part)(out + i, v, part);
  }
}

static void CK(finish_rows)(const float *x, size_t ld_x, float *out, size_t ld, size_t rows, size_t columns,
                            const float *bias, const float *offset, const float *residual, size_t ld_residual,
                            float factor, int activation) {
  for (size_t r = 0; r < rows; r++)
    CK(finish_row)(x + r * ld_x, out + r * ld, columns, NULL, (bias ? bias[r] : 0.0f) + (offset ? offset[r] : 0.0f),
                   residual ? residual + r * ld_residual : NULL, factor, activation);
}

static void CK(finish_columns)(float *out, size_t ld, size_t rows, size_t columns,
                               const float *bias, const float *residual, size_t ld_residual,
                               float factor, int activation) {
  for (size_t r = 0; r < rows; r++)
    CK(finish_row)(out + r * ld, out + r * ld, columns, bias, 0.0f,
                   residual ? residual + r * ld_residual : NULL, factor, activation);
}

static void CK(combine)(const float *x, float a, const float *y0, float b, float *y, size_t n) {
  v16 va = CK(splat)(a), vb = CK(splat)(b);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) CK(store)(y + i, va * CK(load)(x + i) + vb * CK(load)(y0 + i));
  if (i < n) {
    size_t part = n - i;
    CK(store_part)(y + i, va * CK(load_part)(x + i, part) + vb * CK(load_part)(y0 + i, part), part);
  }
}

// Half precision, by the processor's own instruction or by whole numbers: 2^112 takes a half's exponent bias (15) to a float's (127), subnormals included;
// infinity and not-a-number keep their all-ones exponent.
static inline v16 CK(half)(u16x16 narrow) {
#ifdef CK_HALF
  return __builtin_convertvector((h16x16)narrow, v16);
#endif
  i16 bits = __builtin_convertvector(narrow, i16);
  i16 sign = (bits & 0x8000) << 16, magnitude = bits & 0x7FFF;
  v16 finite = (v16)(magnitude << 13) * CK(splat)(5.192296858534828e33f);
  v16 other = (v16)((magnitude << 13) | 0x7F800000);
  return (v16)((i16)CK(select)(magnitude >= 0x7C00, other, finite) | sign);
}

static void CK(widen)(const void *x, int element, size_t n, float *y) {
  const unsigned short *in = x;
  for (size_t i = 0; i < n; i += 16) {
    size_t part = n - i < 16 ? n - i : 16;
    u16x16 narrow = {0};
    if (part == 16) memcpy(&narrow, in + i, sizeof narrow); else memcpy(&narrow, in + i, part * 2);
    v16 wide =
        element == CK_BFLOAT16 ? (v16)(__builtin_convertvector(narrow, i16) << 16) : CK(half)(narrow);
    if (part == 16) CK(store)(y + i, wide); else CK(store_part)(y + i, wide, part);
  }
}

// 48 values by turns into three vectors, out[0], out[stride] and out[2 stride]: value 3 j + i goes to lane j of vector i.
static inline __attribute__((always_inline)) void CK(part_by_3)(const v16 *in, v16 *out, size_t stride) {
  v16 a = in[0], b = in[1], c = in[2];
  out[0] = __builtin_shufflevector(
      __builtin_shufflevector(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, -1, -1, -1, -1, -1), c, 0, 1, 2, 3, 4, 5, 6,
      7, 8, 9, 10, 17, 20, 23, 26, 29);
  out[stride] = __builtin_shufflevector(
      __builtin_shufflevector(a, b, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, -1, -1, -1, -1, -1), c, 0, 1, 2, 3, 4, 5,
      6, 7, 8, 9, 10, 18, 21, 24, 27, 30);
  out[2 * stride] = __builtin_shufflevector(
      __builtin_shufflevector(a, b, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, -1, -1, -1, -1, -1, -1), c, 0, 1, 2, 3, 4, 5,
      6, 7, 8, 9, 16, 19, 22, 25, 28, 31);
}

static inline __attribute__((always_inline)) void CK(join_by_3)(const v16 *in, size_t stride, v16 *out) {
  v16 a = in[0], b = in[stride], c = in[2 * stride];
  out[0] = __builtin_shufflevector(__builtin_shufflevector(a, b, 0, 16, -1, 1, 17, -1, 2, 18, -1, 3, 19, -1, 4, 20, -1, 5),
                                    c, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15);
  out[1] = __builtin_shufflevector(__builtin_shufflevector(a, b, 21, -1, 6, 22, -1, 7, 23, -1, 8, 24, -1, 9, 25, -1, 10, 26),
                                    c, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15);
  out[2] = __builtin_shufflevector(__builtin_shufflevector(a, b, -1, 11, 27, -1, 12, 28, -1, 13, 29, -1, 14, 30, -1, 15, 31, -1),
                                    c, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31);
}

// Two vectors by turns: value 2 j + i of the 32 goes to lane j of vector i, and back.
static inline __attribute__((always_inline)) void CK(part_by_2)(v16 a, v16 b, v16 *even, v16 *odd) {
  *even = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  *odd = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

static inline __attribute__((always_inline)) void CK(join_by_2)(v16 even, v16 odd, v16 *a, v16 *b) {
  *a = __builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  *b = __builtin_shufflevector(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
