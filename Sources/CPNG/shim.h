#pragma once

#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// libpng reports errors by a long jump, which Swift code must not be jumped over. So the calls that can fail
// stand here, between a setjmp and the bytes in memory.

typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t place;
  /// Whether all pixels are there, so that nothing that follows can spoil them.
  int is_complete;
  /// Exif's TIFF structure and the colour profile; NULL if there is none. atelier_png_release frees them.
  uint8_t *exif;
  size_t exif_count;
  uint8_t *profile;
  size_t profile_count;
  char message[128];
} atelier_png_source;

static inline uint8_t *atelier_png_copy(const uint8_t *bytes, size_t count) {
  uint8_t *copy = (uint8_t *)malloc(count);
  if (copy) memcpy(copy, bytes, count);
  return copy;
}

static inline void atelier_png_keep(atelier_png_source *source, png_structp png, png_infop info) {
  png_uint_32 exif_count = 0, profile_count = 0;
  png_bytep exif = NULL, profile = NULL;
  png_charp name = NULL;
  int compression = 0;
  if (png_get_eXIf_1(png, info, &exif_count, &exif)) {
    source->exif = atelier_png_copy(exif, exif_count);
    source->exif_count = source->exif ? exif_count : 0;
  }
  if (png_get_iCCP(png, info, &name, &compression, &profile, &profile_count)) {
    source->profile = atelier_png_copy(profile, profile_count);
    source->profile_count = source->profile ? profile_count : 0;
  }
}

static inline void atelier_png_release(atelier_png_source *source) {
  free(source->exif);
  free(source->profile);
  source->exif = source->profile = NULL;
}

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
/// First call with no pixels: gives width and height. Second call with room for height * width * 4: reads them, and
/// what is kept beside them. Gives 0, or 1 with a message in the source.
static inline int atelier_png_decode(
    atelier_png_source *source, uint32_t limit, uint32_t *width, uint32_t *height, uint8_t *pixels) {
  source->place = 0;
  source->is_complete = 0;
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
    if (source->is_complete) atelier_png_keep(source, png, info);
    png_destroy_read_struct(&png, &info, NULL);
    return !source->is_complete;
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
  source->is_complete = 1;
  // Exif may stand behind the pixels.
  png_read_end(png, info);
  atelier_png_keep(source, png, info);
  png_destroy_read_struct(&png, &info, NULL);
  return 0;
}

typedef struct {
  /// What was written so far, to be freed by who called.
  uint8_t *bytes;
  size_t count;
  size_t capacity;
  char message[128];
} atelier_png_target;

static inline void atelier_png_write_error(png_structp png, png_const_charp message) {
  atelier_png_target *target = (atelier_png_target *)png_get_error_ptr(png);
  strncpy(target->message, message, sizeof target->message - 1);
  png_longjmp(png, 1);
}

static inline void atelier_png_append(png_structp png, png_bytep bytes, size_t count) {
  atelier_png_target *target = (atelier_png_target *)png_get_io_ptr(png);
  if (count > target->capacity - target->count) {
    size_t capacity = 2 * (target->count + count);
    uint8_t *grown = (uint8_t *)realloc(target->bytes, capacity);
    if (!grown) png_error(png, "no memory");
    target->bytes = grown;
    target->capacity = capacity;
  }
  memcpy(target->bytes + target->count, bytes, count);
  target->count += count;
}

static inline void atelier_png_flush(png_structp png) { (void)png; }

/// Writes 8-bit pixels of `values` bytes each: red, green, blue and, if there are four, alpha, which is left out
/// unless `keeps_alpha`. A profile of no bytes means sRGB.
///
/// Gives 0, or 1 with a message in the target; the target's bytes are to be freed either way.
static inline int atelier_png_encode(
    atelier_png_target *target, uint32_t width, uint32_t height, int values, int keeps_alpha, const uint8_t *pixels,
    const uint8_t *profile, size_t profile_count) {
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, target, atelier_png_write_error, atelier_png_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_write_struct(&png, NULL);
    strcpy(target->message, "no memory");
    return 1;
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return 1;
  }
  png_set_write_fn(png, target, atelier_png_append, atelier_png_flush);
  int type = keeps_alpha ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB;
  png_set_IHDR(
      png, info, width, height, 8, type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_benign_errors(png, 1);
  if (profile_count)
    png_set_iCCP(png, info, "ICC profile", PNG_COMPRESSION_TYPE_BASE, profile, (png_uint_32)profile_count);
  else
    png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
  png_write_info(png, info);
  if (values == 4 && !keeps_alpha) png_set_filler(png, 0, PNG_FILLER_AFTER);
  for (uint32_t row = 0; row < height; row++) png_write_row(png, pixels + (size_t)row * width * values);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return 0;
}
