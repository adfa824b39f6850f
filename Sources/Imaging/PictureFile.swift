/// Reads pictures of any known format, told by their first bytes and not by their names.
package enum PictureFile {
  /// - Throws: `malformed` if it is neither PNG nor JPEG, or damaged.
  package static func decode(_ bytes: [UInt8]) throws(ImagingError) -> RGBImage {
    try decodeWithOpacity(bytes).over((255, 255, 255))
  }

  /// A picture with its opacity; a JPEG is opaque.
  ///
  /// - Throws: as ``decode(_:)``.
  package static func decodeWithOpacity(_ bytes: [UInt8]) throws(ImagingError) -> RGBAImage {
    if bytes.starts(with: PNG.signature) { return try PNG.decodeWithOpacity(bytes) }
    guard bytes.starts(with: JPEG.signature) else {
      throw ImagingError(.malformed, "Cannot read the picture: it is neither a PNG nor a JPEG.")
    }
    let picture = try JPEG.decode(bytes)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(picture.width * picture.height * 4)
    for offset in stride(from: 0, to: picture.pixels.count, by: 3) {
      pixels.append(contentsOf: picture.pixels[offset..<(offset + 3)])
      pixels.append(255)
    }
    return RGBAImage(width: picture.width, height: picture.height, pixels: pixels)
  }
}
