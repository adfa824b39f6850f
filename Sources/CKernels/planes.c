// Data movement over planes: patches for convolution, pooling, nearest-neighbour enlargement.
#include <string.h>

#include "kernels.h"

// One output row's part [x0, x1) under the tap with horizontal offset `shift` (stride 1).
static void copy_row(const float *row, ptrdiff_t width, ptrdiff_t shift, ptrdiff_t x0, ptrdiff_t x1,
                     float *out) {
  ptrdiff_t from = x0 + shift, to = x1 + shift;
  ptrdiff_t left = from < 0 ? -from : 0;
  if (left > x1 - x0) left = x1 - x0;
  ptrdiff_t right = to > width ? to - width : 0;
  if (right > x1 - x0 - left) right = x1 - x0 - left;
  ptrdiff_t middle = x1 - x0 - left - right;
  for (ptrdiff_t i = 0; i < left; i++) out[i] = 0;
  if (middle > 0) memcpy(out + left, row + from + left, (size_t)middle * sizeof(float));
  for (ptrdiff_t i = 0; i < right; i++) out[left + middle + i] = 0;
}

void ck_im2col(const float *x, size_t channels, size_t height, size_t width, size_t kernel_height,
               size_t kernel_width, size_t stride, size_t padding, size_t first, size_t last,
               float *col) {
  size_t out_width = (width + 2 * padding - kernel_width) / stride + 1;
  size_t columns = last - first;
  for (size_t c = 0; c < channels; c++) {
    const float *plane = x + c * height * width;
    for (size_t i = 0; i < kernel_height; i++) {
      for (size_t j = 0; j < kernel_width; j++, col += columns) {
        for (size_t p = first; p < last;) {
          size_t y = p / out_width, x0 = p % out_width;
          size_t x1 = out_width;
          if (x1 - x0 > last - p) x1 = x0 + (last - p);
          float *out = col + (p - first);
          ptrdiff_t row = (ptrdiff_t)(y * stride + i) - (ptrdiff_t)padding;
          ptrdiff_t shift = (ptrdiff_t)j - (ptrdiff_t)padding;
          if (row < 0 || row >= (ptrdiff_t)height) {
            memset(out, 0, (x1 - x0) * sizeof(float));
          } else if (stride == 1) {
            copy_row(plane + (size_t)row * width, (ptrdiff_t)width, shift, (ptrdiff_t)x0,
                     (ptrdiff_t)x1, out);
          } else {
            for (size_t k = x0; k < x1; k++) {
              ptrdiff_t column = (ptrdiff_t)(k * stride) + shift;
              bool inside = column >= 0 && column < (ptrdiff_t)width;
              out[k - x0] = inside ? plane[(size_t)row * width + (size_t)column] : 0;
            }
          }
          p += x1 - x0;
        }
      }
    }
  }
}

void ck_average_pool_2x2(const float *x, size_t height, size_t width, float *y) {
  size_t out_height = height / 2, out_width = width / 2;
  for (size_t i = 0; i < out_height; i++) {
    const float *above = x + 2 * i * width, *below = above + width;
    for (size_t j = 0; j < out_width; j++)
      y[i * out_width + j] =
          (above[2 * j] + above[2 * j + 1] + below[2 * j] + below[2 * j + 1]) * 0.25f;
  }
}

void ck_upsample_nearest_2x2(const float *x, size_t height, size_t width, float *y) {
  for (size_t i = 0; i < height; i++) {
    float *out = y + 4 * i * width;
    for (size_t j = 0; j < width; j++) out[2 * j] = out[2 * j + 1] = x[i * width + j];
    memcpy(out + 2 * width, out, 2 * width * sizeof(float));
  }
}
