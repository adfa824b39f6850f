#include "kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Functions that pass vectors wider than the baseline's registers are all static and inlined, so no
// calling convention between object files depends on them.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float v16 __attribute__((vector_size(64)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v4 __attribute__((vector_size(16)));
typedef int i16 __attribute__((vector_size(64)));
typedef unsigned short u16x16 __attribute__((vector_size(32)));

#define CK_JOIN(name, suffix) ck_##name##_##suffix

#define CK(name) CK_JOIN(name, baseline)
#if defined(__aarch64__)
#define CK_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#define CK_ROWS 6
#else
#define CK_FMA(a, b, c) ((a) * (b) + (c))
#define CK_ROWS 4
#endif
#define CK_VECTORS 1
#define CK_SUMS 6
#include "kernels_body.h"
#include "product_body.h"
#include "attention_body.h"
#include "dots_body.h"
#define CK_TILE 2
#include "winograd_body.h"
#undef CK_TILE
#define CK_TILE 4
#include "winograd_body.h"
#undef CK_TILE
#define CK_TILE 6
#include "winograd_body.h"
#undef CK_TILE
#include "table_body.h"
#undef CK_FMA
#undef CK_ROWS
#undef CK_VECTORS
#undef CK_SUMS
#undef CK

#if defined(__x86_64__)
typedef _Float16 h16x16 __attribute__((vector_size(32)));
#define CK_HALF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define CK(name) CK_JOIN(name, avx2)
#define CK_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#define CK_ROWS 6
#define CK_VECTORS 1
#define CK_SUMS 6
#include "kernels_body.h"
#include "product_body.h"
#include "attention_body.h"
#include "dots_body.h"
#define CK_TILE 2
#include "winograd_body.h"
#undef CK_TILE
#define CK_TILE 4
#include "winograd_body.h"
#undef CK_TILE
#define CK_TILE 6
#include "winograd_body.h"
#undef CK_TILE
#include "table_body.h"
#undef CK_ROWS
#undef CK_VECTORS
#undef CK_SUMS
#undef CK
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), \
                             apply_to = function)
#define CK(name) CK_JOIN(name, avx512)
#define CK_ROWS 12
#define CK_VECTORS 2
#define CK_SUMS 24
#include "kernels_body.h"
#include "product_body.h"
#include "attention_body.h"
#include "dots_body.h"
#define CK_TILE 2
#include "winograd_body.h"
#undef CK_TILE
#define CK_TILE 4
#include "winograd_body.h"
#undef CK_TILE
#define CK_TILE 6
#include "winograd_body.h"
#undef CK_TILE
#include "table_body.h"
#undef CK
#pragma clang attribute pop
#endif

static int detect(void) {
  int level = CK_BASELINE;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c")) level = CK_AVX2;
  if (level == CK_AVX2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    level = CK_AVX512;
#endif
  return level;
}

int ck_level_available(void) {
  static int cached = -1;
  int level = __atomic_load_n(&cached, __ATOMIC_RELAXED);
  if (level >= 0) return level;
  level = detect();
  const char *wanted = getenv("ATELIER_KERNELS");
  int cap = CK_AVX512;
  if (wanted && strcmp(wanted, "baseline") == 0) cap = CK_BASELINE;
  if (wanted && strcmp(wanted, "avx2") == 0) cap = CK_AVX2;
  if (level > cap) level = cap;
  __atomic_store_n(&cached, level, __ATOMIC_RELAXED);
  return level;
}

struct ck_table ck_kernels(int level) {
#if defined(__x86_64__)
  int available = ck_level_available();
  if (level > available) level = available;
  if (level == CK_AVX512) return ck_table_avx512;
  if (level == CK_AVX2) return ck_table_avx2;
#endif
  (void)level;
  return ck_table_baseline;
}
