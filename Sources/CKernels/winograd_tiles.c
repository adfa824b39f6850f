// Tiles of a plane for Winograd's F(4x4, 3x3): the values of each tile's 6 x 6 window, and back from its 4 x 4
// results. Tile (i, j) of a plane begins at row 4 i - 1, column 4 j - 1.
#include <string.h>

#include "kernels.h"

void ck_winograd_gather(const float *plane, size_t height, size_t width, size_t tile_row, float *x,
                        size_t stride, float *line) {
  size_t tiles = (width + 3) / 4;
  size_t padded = 4 * tiles + 2;
  for (size_t r = 0; r < 6; r++, x += 6 * stride) {
    ptrdiff_t row = (ptrdiff_t)(4 * tile_row + r) - 1;
    if (row < 0 || row >= (ptrdiff_t)height) {
      for (int column = 0; column < 6; column++) memset(x + (size_t)column * stride, 0, tiles * sizeof(float));
      continue;
    }
    line[0] = 0;
    memcpy(line + 1, plane + (size_t)row * width, width * sizeof(float));
    memset(line + 1 + width, 0, (padded - 1 - width) * sizeof(float));
    float *restrict x0 = x, *restrict x1 = x + stride, *restrict x2 = x + 2 * stride, *restrict x3 = x + 3 * stride;
    float *restrict x4 = x + 4 * stride, *restrict x5 = x + 5 * stride;
    const float *restrict in = line;
    for (size_t t = 0; t < tiles; t++) {
      x0[t] = in[4 * t];
      x1[t] = in[4 * t + 1];
      x2[t] = in[4 * t + 2];
      x3[t] = in[4 * t + 3];
    }
    for (size_t t = 0; t < tiles; t++) {
      x4[t] = in[4 * t + 4];
      x5[t] = in[4 * t + 5];
    }
  }
}

void ck_winograd_scatter(const float *y, size_t stride, size_t height, size_t width, size_t tile_row,
                         float *plane, float *line) {
  size_t tiles = (width + 3) / 4;
  for (size_t r = 0; r < 4 && 4 * tile_row + r < height; r++, y += 4 * stride) {
    const float *restrict y0 = y, *restrict y1 = y + stride, *restrict y2 = y + 2 * stride, *restrict y3 = y + 3 * stride;
    float *target = plane + (4 * tile_row + r) * width;
    // A width that is no multiple of four has a last tile that reaches over the edge.
    float *restrict out = width % 4 == 0 ? target : line;
    for (size_t t = 0; t < tiles; t++) {
      out[4 * t] = y0[t];
      out[4 * t + 1] = y1[t];
      out[4 * t + 2] = y2[t];
      out[4 * t + 3] = y3[t];
    }
    if (out != target) memcpy(target, line, width * sizeof(float));
  }
}
