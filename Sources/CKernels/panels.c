// Packing of matrices into panels of 32 columns, and back.
#include <string.h>

#include "kernels.h"

enum { PANEL = 32, BLOCK = 16 };

void ck_pack_rows(const float *x, size_t stride, size_t rows, size_t depth, float *panel) {
  if (rows < PANEL) memset(panel, 0, depth * PANEL * sizeof(float));
  for (size_t first = 0; first < depth; first += BLOCK) {
    size_t last = first + BLOCK < depth ? first + BLOCK : depth;
    for (size_t r = 0; r < rows; r++)
      for (size_t k = first; k < last; k++) panel[k * PANEL + r] = x[r * stride + k];
  }
}

void ck_pack_columns(const float *x, size_t stride, size_t depth, size_t columns, float *panel) {
  for (size_t k = 0; k < depth; k++, panel += PANEL) {
    if (columns == PANEL) {
      memcpy(panel, x + k * stride, PANEL * sizeof(float));
    } else {
      memcpy(panel, x + k * stride, columns * sizeof(float));
      memset(panel + columns, 0, (PANEL - columns) * sizeof(float));
    }
  }
}

void ck_unpack_rows(const float *c, size_t rows, size_t depth, float *y, size_t stride) {
  for (size_t r = 0; r < rows; r++)
    for (size_t k = 0; k < depth; k++) y[r * stride + k] = c[k * PANEL + r];
}

void ck_transpose(const float *x, size_t stride, size_t rows, size_t columns, float *y, size_t y_stride) {
  for (size_t first = 0; first < rows; first += BLOCK) {
    size_t last = first + BLOCK < rows ? first + BLOCK : rows;
    for (size_t c = 0; c < columns; c++)
      for (size_t r = first; r < last; r++) y[c * y_stride + r] = x[r * stride + c];
  }
}
