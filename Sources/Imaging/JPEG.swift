import CJPEG

/// JPEG pictures, by libjpeg-turbo. Read only.
package enum JPEG {
  /// The first bytes of every file.
  static let signature: [UInt8] = [0xFF, 0xD8, 0xFF]

  /// Each scan of a progressive picture goes over all of its pixels. Programs make about ten; a file can have
  /// thousands in a few bytes, which would take minutes.
  static let mostScans = 100

  /// Reads grey, colour and four-colour pictures of any subsampling, turned as their Exif orientation says. What is
  /// odd without loss of pixels (no end mark, bytes that belong to nothing, an unknown version) is read.
  ///
  /// - Throws: `malformed` or `unsupported`.
  static func decode(_ bytes: [UInt8]) throws(ImagingError) -> RGBAImage {
    let result = bytes.withUnsafeBufferPointer { buffer in
      Result { () throws(ImagingError) in try decode(buffer) }
    }
    return try result.get()
  }

  private static func decode(_ bytes: UnsafeBufferPointer<UInt8>) throws(ImagingError) -> RGBAImage {
    var source = atelier_jpeg_source()
    source.bytes = bytes.baseAddress
    source.count = bytes.count
    defer { atelier_jpeg_release(&source) }
    guard atelier_jpeg_decode(&source, nil) == 0 else { throw failure(&source) }
    let scans = atelier_jpeg_scans(bytes.baseAddress, bytes.count)
    guard scans <= mostScans else {
      throw ImagingError(
        .unsupported,
        "Cannot read the JPEG: it has \(scans) scans, which would take very long; at most \(mostScans) are taken.")
    }
    let (width, height) = (Int(source.width), Int(source.height))
    try ImagingError.checkSize("JPEG", width: width, height: height)
    var pixels = [UInt8](repeating: 0, count: width * height * 4)
    guard atelier_jpeg_decode(&source, &pixels) == 0 else { throw failure(&source) }
    if source.has_four_colours != 0 { makeRGB(ofInverted: &pixels) }
    let picture = RGBAImage(
      width: width, height: height, pixels: pixels,
      profile: ColourProfile(copying: source.profile, count: Int(source.profile_count)))
    return ExifOrientation(copying: source.exif, count: source.exif_count).upright(picture)
  }

  /// Four colours as Pillow shows them: their file has light and not ink, as Adobe's programs write it, and black
  /// darkens each of the other three.
  private static func makeRGB(ofInverted pixels: inout [UInt8]) {
    for offset in stride(from: 0, to: pixels.count, by: 4) {
      let light = Int(pixels[offset + 3])
      for channel in offset..<offset + 3 {
        let product = (255 - Int(pixels[channel])) * light + 128
        pixels[channel] = UInt8(light - ((product >> 8) + product) >> 8)
      }
      pixels[offset + 3] = 255
    }
  }

  private static func failure(_ source: inout atelier_jpeg_source) -> ImagingError {
    let reason = withUnsafeBytes(of: &source.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return ImagingError(.malformed, "Cannot read the JPEG: \(reason).")
  }
}
