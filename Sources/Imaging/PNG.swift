import CPNG

/// Portable Network Graphics, by libpng.
package enum PNG {
  /// The largest side that is read: a file can claim any size in a few bytes.
  private static let longestSide = 1 << 15

  /// A picture as a PNG file. The same picture gives the same bytes with the same libpng and zlib.
  package static func encode(_ picture: RGBImage) throws(ImagingError) -> [UInt8] {
    var image = description(width: picture.width, height: picture.height)
    var size = 0
    // The first call asks for the size, the second writes.
    guard png_image_write_to_memory(&image, nil, &size, 0, picture.pixels, 0, nil) != 0 else {
      throw failure("write", &image)
    }
    var bytes = [UInt8](repeating: 0, count: size)
    image = description(width: picture.width, height: picture.height)
    guard png_image_write_to_memory(&image, &bytes, &size, 0, picture.pixels, 0, nil) != 0 else {
      throw failure("write", &image)
    }
    return Array(bytes.prefix(size))
  }

  /// Reads grey, palette, colour, 8 and 16 bits, interlaced or not. Transparent parts show white.
  package static func decode(_ bytes: [UInt8]) throws(ImagingError) -> RGBImage {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    guard png_image_begin_read_from_memory(&image, bytes, bytes.count) != 0 else { throw failure("read", &image) }
    let (width, height) = (Int(image.width), Int(image.height))
    guard width <= longestSide, height <= longestSide else {
      throw ImagingError("Cannot read a PNG of \(width)x\(height) pixels; at most \(longestSide) a side are taken.")
    }
    image.format = UInt32(PNG_FORMAT_FLAG_COLOR)
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    var white = png_color(red: 255, green: 255, blue: 255)
    guard png_image_finish_read(&image, &white, &pixels, 0, nil) != 0 else { throw failure("read", &image) }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  private static func description(width: Int, height: Int) -> png_image {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    image.width = UInt32(width)
    image.height = UInt32(height)
    image.format = UInt32(PNG_FORMAT_FLAG_COLOR)
    return image
  }

  private static func failure(_ verb: String, _ image: inout png_image) -> ImagingError {
    let reason = withUnsafeBytes(of: &image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return ImagingError("Cannot \(verb) the PNG: \(reason).")
  }
}
