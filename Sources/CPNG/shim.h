#pragma once

#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

// libpng reports errors by a long jump, which Swift code must not be jumped over. So the calls that can fail
// stand here, between a setjmp and the bytes in memory.

typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t place;
  char message[128];
} atelier_png_source;

static inline void atelier_png_error(png_structp png, png_const_charp message) {
  atelier_png_source *source = (atelier_png_source *)png_get_error_ptr(png);
  strncpy(source->message, message, sizeof source->message - 1);
  png_longjmp(png, 1);
}

static inline void atelier_png_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static inline void atelier_png_read(png_structp png, png_bytep target, size_t count) {
  atelier_png_source *source = (atelier_png_source *)png_get_io_ptr(png);
  if (count > source->count - source->place) png_error(png, "it ends too early");
  memcpy(target, source->bytes + source->place, count);
  source->place += count;
}

/// Reads a PNG as 8-bit red, green, blue, alpha: palettes and grey are widened, of 16 bits the upper 8 are kept, gamma
/// is left alone, as Pillow does.
///
/// First call with no pixels: gives width and height. Second call with room for height * width * 4: reads them.
/// Gives 0, or 1 with a message in the source.
static inline int atelier_png_decode(
    atelier_png_source *source, uint32_t limit, uint32_t *width, uint32_t *height, uint8_t *pixels) {
  source->place = 0;
  source->message[0] = 0;
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, source, atelier_png_error, atelier_png_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_read_struct(&png, NULL, NULL);
    strcpy(source->message, "no memory");
    return 1;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return 1;
  }
  png_set_read_fn(png, source, atelier_png_read);
  png_set_user_limits(png, limit, limit);
  png_read_info(png, info);
  if (!pixels) {
    *width = png_get_image_width(png, info);
    *height = png_get_image_height(png, info);
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
  }
  if (png_get_image_width(png, info) != *width || png_get_image_height(png, info) != *height)
    png_error(png, "its size changed");
  png_set_strip_16(png);
  png_set_expand(png);
  png_set_gray_to_rgb(png);
  png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != (size_t)*width * 4) png_error(png, "its rows have an unknown layout");
  for (int pass = 0; pass < passes; pass++)
    for (uint32_t row = 0; row < *height; row++) png_read_row(png, pixels + (size_t)row * *width * 4, NULL);
  png_read_end(png, NULL);
  png_destroy_read_struct(&png, &info, NULL);
  return 0;
}
