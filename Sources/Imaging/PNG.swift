import CPNG

/// Portable Network Graphics, by libpng.
package enum PNG {
  /// The first bytes of every file.
  package static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// A picture as a PNG file. The same picture gives the same bytes with the same libpng and zlib.
  ///
  /// - Throws: if a side is empty or libpng finds no memory.
  package static func encode(_ picture: RGBImage) throws(ImagingError) -> [UInt8] {
    guard picture.width > 0, picture.height > 0 else {
      throw ImagingError(.unsupported, "Cannot write a PNG of \(picture.width)x\(picture.height) pixels.")
    }
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    image.width = UInt32(picture.width)
    image.height = UInt32(picture.height)
    image.format = UInt32(PNG_FORMAT_FLAG_COLOR)
    // Room for incompressible pixels: one write is enough.
    let raw = (picture.width * 3 + 1) * picture.height
    var size = raw + raw / 512 + 4096
    var isWritten = false
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      isWritten = png_image_write_to_memory(&image, buffer.baseAddress, &size, 0, picture.pixels, 0, nil) != 0
      count = isWritten ? size : 0
    }
    guard isWritten else {
      let reason = withUnsafeBytes(of: &image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      throw ImagingError(.system, "Cannot write the PNG: \(reason).")
    }
    return bytes
  }

  /// Reads grey, palette, colour, 8 and 16 bits, interlaced or not. Transparent parts show white.
  ///
  /// - Throws: `malformed` or `unsupported`.
  package static func decode(_ bytes: [UInt8]) throws(ImagingError) -> RGBImage {
    let picture = try decodeWithOpacity(bytes)
    return picture.isOpaque ? picture.colours : picture.over((255, 255, 255))
  }

  /// Reads a picture with its opacity; of 16 bits the upper 8 are kept, as Pillow does.
  ///
  /// - Throws: `malformed` or `unsupported`.
  package static func decodeWithOpacity(_ bytes: [UInt8]) throws(ImagingError) -> RGBAImage {
    guard bytes.starts(with: signature) else { throw ImagingError(.malformed, "Cannot read the PNG: it is none.") }
    let result = bytes.withUnsafeBufferPointer { buffer in
      Result { () throws(ImagingError) in try decode(buffer) }
    }
    return try result.get()
  }

  private static func decode(_ bytes: UnsafeBufferPointer<UInt8>) throws(ImagingError) -> RGBAImage {
    var source = atelier_png_source()
    source.bytes = bytes.baseAddress
    source.count = bytes.count
    var (width, height): (UInt32, UInt32) = (0, 0)
    let limit = UInt32(ImagingError.longestSide)
    guard atelier_png_decode(&source, limit, &width, &height, nil) == 0 else { throw failure(&source) }
    guard Int(width) * Int(height) <= ImagingError.mostPixels else {
      throw .tooLarge("PNG", width: Int(width), height: Int(height))
    }
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * 4)
    guard atelier_png_decode(&source, limit, &width, &height, &pixels) == 0 else { throw failure(&source) }
    return RGBAImage(width: Int(width), height: Int(height), pixels: pixels)
  }

  private static func failure(_ source: inout atelier_png_source) -> ImagingError {
    let reason = withUnsafeBytes(of: &source.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return ImagingError(.malformed, "Cannot read the PNG: \(reason).")
  }
}
