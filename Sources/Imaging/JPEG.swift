import CJPEG

/// JPEG pictures, by libjpeg-turbo. Read only.
package enum JPEG {
  private static let longestSide = 1 << 15

  /// Reads a picture as its pixels lie in the file.
  package static func decode(_ bytes: [UInt8]) throws(ImagingError) -> RGBImage {
    guard let handle = tjInitDecompress() else { throw ImagingError("Cannot start the JPEG reader.") }
    defer { tjDestroy(handle) }
    var (width, height, sampling, space): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    guard tjDecompressHeader3(handle, bytes, UInt(bytes.count), &width, &height, &sampling, &space) == 0 else {
      throw failure(handle)
    }
    guard width <= longestSide, height <= longestSide else {
      throw ImagingError("Cannot read a JPEG of \(width)x\(height) pixels; at most \(longestSide) a side are taken.")
    }
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * 3)
    // A truncated file decodes with a warning and grey below; that is no picture to work on.
    guard tjDecompress2(handle, bytes, UInt(bytes.count), &pixels, width, 0, height, Int32(TJPF_RGB.rawValue), Int32(TJFLAG_ACCURATEDCT)) == 0
    else { throw failure(handle) }
    return RGBImage(width: Int(width), height: Int(height), pixels: pixels)
  }

  private static func failure(_ handle: tjhandle) -> ImagingError {
    ImagingError("Cannot read the JPEG: \(String(cString: tjGetErrorStr2(handle))).")
  }
}
