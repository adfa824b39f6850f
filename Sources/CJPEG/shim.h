#pragma once

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// libjpeg reports errors by a call that must not return, and Swift code must not be jumped over. So the calls that can
// fail stand here, between a setjmp and the bytes in memory.

typedef struct {
  const uint8_t *bytes;
  size_t count;
  uint32_t width;
  uint32_t height;
  /// Whether the pixels are cyan, magenta, yellow and black as Adobe's programs store them: inverted.
  int has_four_colours;
  /// Exif's TIFF structure and the colour profile; NULL if there is none. atelier_jpeg_release frees them.
  uint8_t *exif;
  size_t exif_count;
  uint8_t *profile;
  unsigned profile_count;
  char message[JMSG_LENGTH_MAX];
} atelier_jpeg_source;

typedef struct {
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf jump;
  atelier_jpeg_source *source;
  /// Whether the file has no end mark.
  int is_cut;
  /// Of each component, whether a scan has it.
  uint8_t is_seen[MAX_COMPONENTS];
} atelier_jpeg_reader;

static inline void atelier_jpeg_fail(atelier_jpeg_reader *reader, const char *message) {
  strncpy(reader->source->message, message, sizeof reader->source->message - 1);
  longjmp(reader->jump, 1);
}

static inline void atelier_jpeg_error(j_common_ptr info) {
  atelier_jpeg_reader *reader = (atelier_jpeg_reader *)info->err;
  info->err->format_message(info, reader->source->message);
  longjmp(reader->jump, 1);
}

/// Warnings that say that pixels are made up are errors; those that say something of a header or of bytes that belong
/// to nothing are not.
static inline void atelier_jpeg_warning(j_common_ptr info, int level) {
  if (level >= 0) return;
  atelier_jpeg_reader *reader = (atelier_jpeg_reader *)info->err;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF: reader->is_cut = 1; return;
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL: return;
    default: atelier_jpeg_error(info);
  }
}

/// How many scans the file has: start-of-scan markers (ITU-T T.81, B.1) that stand in no other segment. Within a scan's
/// data no such marker can stand. Counting them costs nothing beside decoding one.
static inline int atelier_jpeg_scans(const uint8_t *bytes, size_t count) {
  int scans = 0;
  size_t place = 0;
  while (place + 2 <= count) {
    const uint8_t *next = (const uint8_t *)memchr(bytes + place, 0xFF, count - 1 - place);
    if (!next) break;
    place = (size_t)(next - bytes);
    uint8_t marker = bytes[place + 1];
    if (marker == 0xD9) break;
    if (marker == 0xFF) {
      place += 1;
    } else if (marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD8)) {
      place += 2;
    } else {
      if (place + 4 > count) break;
      scans += marker == 0xDA;
      place += 2 + ((size_t)bytes[place + 2] << 8 | bytes[place + 3]);
    }
  }
  return scans;
}

static inline void atelier_jpeg_progress(j_common_ptr common) {
  j_decompress_ptr info = (j_decompress_ptr)common;
  atelier_jpeg_reader *reader = (atelier_jpeg_reader *)info->err;
  for (int i = 0; i < info->comps_in_scan; i++) reader->is_seen[info->cur_comp_info[i]->component_index] = 1;
}

/// Whether every coefficient came to its last bit, which a cut file of several scans may lack without a warning.
static inline int atelier_jpeg_is_complete(j_decompress_ptr info, const atelier_jpeg_reader *reader) {
  if (!jpeg_has_multiple_scans(info)) return 1;
  for (int component = 0; component < info->num_components; component++) {
    if (!reader->is_seen[component]) return 0;
    for (int place = 0; info->coef_bits && place < DCTSIZE2; place++)
      if (info->coef_bits[component][place] != 0) return 0;
  }
  return 1;
}

static inline void atelier_jpeg_keep_exif(atelier_jpeg_source *source, j_decompress_ptr info) {
  static const uint8_t name[6] = {'E', 'x', 'i', 'f', 0, 0};
  for (jpeg_saved_marker_ptr marker = info->marker_list; marker; marker = marker->next) {
    if (marker->marker != JPEG_APP0 + 1 || marker->data_length <= sizeof name) continue;
    if (memcmp(marker->data, name, sizeof name)) continue;
    source->exif_count = marker->data_length - sizeof name;
    source->exif = (uint8_t *)malloc(source->exif_count);
    if (source->exif) memcpy(source->exif, marker->data + sizeof name, source->exif_count);
    return;
  }
}

static inline void atelier_jpeg_release(atelier_jpeg_source *source) {
  free(source->exif);
  free(source->profile);
  source->exif = source->profile = NULL;
}

/// Reads a JPEG of any subsampling as 8-bit red, green, blue, alpha, or as four colours.
///
/// First call with no pixels: gives width, height and what the headers hold. Second call with room for
/// height * width * 4: reads them. Gives 0, or 1 with a message in the source.
static inline int atelier_jpeg_decode(atelier_jpeg_source *source, uint8_t *pixels) {
  struct jpeg_decompress_struct info;
  atelier_jpeg_reader reader;
  memset(&info, 0, sizeof info);
  memset(&reader, 0, sizeof reader);
  source->message[0] = 0;
  reader.source = source;
  info.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = atelier_jpeg_error;
  reader.errors.emit_message = atelier_jpeg_warning;
  reader.progress.progress_monitor = atelier_jpeg_progress;
  if (setjmp(reader.jump)) {
    jpeg_destroy_decompress(&info);
    return 1;
  }
  jpeg_create_decompress(&info);
  info.progress = &reader.progress;
  jpeg_mem_src(&info, source->bytes, source->count);
  if (!pixels) {
    jpeg_save_markers(&info, JPEG_APP0 + 1, 0xFFFF);
    jpeg_save_markers(&info, JPEG_APP0 + 2, 0xFFFF);
  }
  jpeg_read_header(&info, TRUE);
  if (!pixels) {
    source->width = info.image_width;
    source->height = info.image_height;
    source->has_four_colours = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
    atelier_jpeg_keep_exif(source, &info);
    jpeg_read_icc_profile(&info, &source->profile, &source->profile_count);
    jpeg_destroy_decompress(&info);
    return 0;
  }
  info.out_color_space = source->has_four_colours ? JCS_CMYK : JCS_EXT_RGBA;
  jpeg_start_decompress(&info);
  if (info.output_width != source->width || info.output_height != source->height || info.output_components != 4)
    atelier_jpeg_fail(&reader, "its rows have an unknown layout");
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = pixels + (size_t)info.output_scanline * source->width * 4;
    jpeg_read_scanlines(&info, &row, 1);
  }
  // What follows the pixels matters to nobody, so it is not read.
  if (reader.is_cut && !atelier_jpeg_is_complete(&info, &reader)) atelier_jpeg_fail(&reader, "it ends too early");
  jpeg_destroy_decompress(&info);
  return 0;
}
