import CJPEG

/// JPEG pictures, by libjpeg-turbo. Read only.
package enum JPEG {
  /// The first bytes of every file.
  package static let signature: [UInt8] = [0xFF, 0xD8, 0xFF]

  /// Reads grey, colour and four-colour pictures, turned as their Exif orientation says.
  ///
  /// - Throws: `malformed` or `unsupported`.
  package static func decode(_ bytes: [UInt8]) throws(ImagingError) -> RGBImage {
    guard let handle = tjInitDecompress() else { throw ImagingError(.system, "Cannot start the JPEG reader.") }
    defer { tjDestroy(handle) }
    var (width, height, sampling, space): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    guard tjDecompressHeader3(handle, bytes, UInt(bytes.count), &width, &height, &sampling, &space) == 0 else {
      throw failure(handle)
    }
    guard max(width, height) <= ImagingError.longestSide, Int(width) * Int(height) <= ImagingError.mostPixels else {
      throw .tooLarge("JPEG", width: Int(width), height: Int(height))
    }
    let hasFourColours = space == TJCS_CMYK.rawValue || space == TJCS_YCCK.rawValue
    let format = hasFourColours ? TJPF_CMYK : TJPF_RGB
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * (hasFourColours ? 4 : 3))
    let status = tjDecompress2(
      handle, bytes, UInt(bytes.count), &pixels, width, 0, height, Int32(format.rawValue), Int32(TJFLAG_ACCURATEDCT))
    if status != 0 {
      // Bytes that belong to nothing are harmless; other warnings mean that a part of the picture is made up.
      let isHarmless = String(cString: tjGetErrorStr2(handle)).contains("extraneous bytes before marker")
      guard tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue), isHarmless else { throw failure(handle) }
    }
    if hasFourColours { pixels = rgb(inverted: pixels) }
    let picture = RGBImage(width: Int(width), height: Int(height), pixels: pixels)
    return ExifOrientation(of: bytes).upright(picture)
  }

  /// Adobe's programs, which write four colours, store them inverted: as light and not as ink.
  private static func rgb(inverted pixels: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(pixels.count / 4 * 3)
    for offset in stride(from: 0, to: pixels.count, by: 4) {
      let light = Int(pixels[offset + 3])
      for channel in 0..<3 { result.append(UInt8((Int(pixels[offset + channel]) * light + 127) / 255)) }
    }
    return result
  }

  private static func failure(_ handle: tjhandle) -> ImagingError {
    ImagingError(.malformed, "Cannot read the JPEG: \(String(cString: tjGetErrorStr2(handle))).")
  }
}
