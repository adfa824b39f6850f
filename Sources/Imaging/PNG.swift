import CPNG
import Glibc

/// Portable Network Graphics, by libpng.
package enum PNG {
  /// The first bytes of every file.
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// A picture as a PNG file in sRGB. The same picture gives the same bytes with the same libpng and zlib.
  ///
  /// - Throws: if a side is empty or libpng finds no memory.
  package static func encode(_ picture: RGBImage) throws(ImagingError) -> [UInt8] {
    try encode(picture.pixels, width: picture.width, height: picture.height, keepsAlpha: false, profile: nil)
  }

  /// A picture with its opacity, if it is not opaque, and its colour profile.
  ///
  /// - Throws: as for a picture without.
  package static func encode(_ picture: RGBAImage) throws(ImagingError) -> [UInt8] {
    try encode(
      picture.pixels, width: picture.width, height: picture.height, keepsAlpha: !picture.isOpaque,
      profile: picture.profile)
  }

  private static func encode(
    _ pixels: [UInt8], width: Int, height: Int, keepsAlpha: Bool, profile: ColourProfile?
  ) throws(ImagingError) -> [UInt8] {
    guard width > 0, height > 0 else {
      throw ImagingError(.unsupported, "Cannot write a PNG of \(width)x\(height) pixels.")
    }
    var target = atelier_png_target()
    defer { free(target.bytes) }
    let profile = profile?.bytes ?? []
    let status = atelier_png_encode(
      &target, UInt32(width), UInt32(height), Int32(pixels.count / (width * height)), keepsAlpha ? 1 : 0, pixels,
      profile, profile.count)
    guard status == 0 else {
      let reason = withUnsafeBytes(of: &target.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      throw ImagingError(.system, "Cannot write the PNG: \(reason).")
    }
    return Array(UnsafeBufferPointer(start: target.bytes, count: target.count))
  }

  /// Reads grey, palette, colour, 8 and 16 bits, interlaced or not. Transparent parts show white.
  ///
  /// - Throws: `malformed` or `unsupported`.
  package static func decode(_ bytes: [UInt8]) throws(ImagingError) -> RGBImage {
    try decodeWithOpacity(bytes).over((255, 255, 255))
  }

  /// Reads a picture with its opacity, turned as its Exif orientation says; of 16 bits the upper 8 are kept, as Pillow
  /// does. What is missing or damaged behind the pixels harms nothing.
  ///
  /// - Throws: `malformed` or `unsupported`.
  static func decodeWithOpacity(_ bytes: [UInt8]) throws(ImagingError) -> RGBAImage {
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
    defer { atelier_png_release(&source) }
    var (width, height): (UInt32, UInt32) = (0, 0)
    let limit = UInt32(ImagingError.longestSide)
    guard atelier_png_decode(&source, limit, &width, &height, nil) == 0 else { throw failure(&source) }
    try ImagingError.checkSize("PNG", width: Int(width), height: Int(height))
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * 4)
    guard atelier_png_decode(&source, limit, &width, &height, &pixels) == 0 else { throw failure(&source) }
    let picture = RGBAImage(
      width: Int(width), height: Int(height), pixels: pixels,
      profile: ColourProfile(copying: source.profile, count: source.profile_count))
    return ExifOrientation(copying: source.exif, count: source.exif_count).upright(picture)
  }

  private static func failure(_ source: inout atelier_png_source) -> ImagingError {
    let reason = withUnsafeBytes(of: &source.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return ImagingError(.malformed, "Cannot read the PNG: \(reason).")
  }
}
