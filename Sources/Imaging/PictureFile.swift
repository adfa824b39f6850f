/// Reads pictures of any known format, told by their first bytes and not by their names.
package enum PictureFile {
  /// A picture as a person sees it: what is transparent shows white.
  ///
  /// - Throws: as ``decodeWithOpacity(_:)``.
  package static func decode(_ bytes: [UInt8]) throws(ImagingError) -> RGBImage {
    try decodeWithOpacity(bytes).over((255, 255, 255))
  }

  /// A picture with its opacity and colour profile, upright; a JPEG is opaque.
  ///
  /// - Throws: `unsupported` for another kind of picture, with what to do, or one that is too large; `malformed` for
  ///   what is damaged, or no picture.
  package static func decodeWithOpacity(_ bytes: [UInt8]) throws(ImagingError) -> RGBAImage {
    switch PictureFormat(of: bytes) {
    case .png: return try PNG.decodeWithOpacity(bytes)
    case .jpeg: return try JPEG.decode(bytes)
    case .webp: return try WebP.decode(bytes)
    case .gif: return try GIF.decode(bytes)
    case .other(let name, let remedy):
      throw ImagingError(.unsupported, "Cannot read the picture: it is \(name); \(remedy).")
    case nil:
      throw ImagingError(
        .malformed, "Cannot read the picture: it is \(bytes.isEmpty ? "empty" : "no \(PictureFormat.taken)").")
    }
  }
}
