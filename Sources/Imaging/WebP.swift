import CWebP

/// WebP pictures, by libwebp; of an animation the first frame. Read only.
enum WebP {
  /// - Throws: `malformed` or `unsupported`.
  static func decode(_ bytes: [UInt8]) throws(ImagingError) -> RGBAImage {
    let result = bytes.withUnsafeBufferPointer { buffer in
      Result { () throws(ImagingError) in try decode(buffer) }
    }
    return try result.get()
  }

  private static func decode(_ bytes: UnsafeBufferPointer<UInt8>) throws(ImagingError) -> RGBAImage {
    var features = WebPBitstreamFeatures()
    guard WebPGetFeatures(bytes.baseAddress, bytes.count, &features) == VP8_STATUS_OK else { throw damaged }
    let (width, height) = (Int(features.width), Int(features.height))
    try ImagingError.checkSize("WebP", width: width, height: height)
    var data = WebPData(bytes: bytes.baseAddress, size: bytes.count)
    let pixels: [UInt8]
    if features.has_animation != 0 {
      pixels = try firstFrame(&data, count: width * height * 4)
    } else {
      var isWhole = false
      pixels = [UInt8](unsafeUninitializedCapacity: width * height * 4) { pixels, count in
        isWhole =
          WebPDecodeRGBAInto(bytes.baseAddress, bytes.count, pixels.baseAddress, pixels.count, Int32(width * 4)) != nil
        count = isWhole ? width * height * 4 : 0
      }
      guard isWhole else { throw damaged }
    }
    let file = WebPDemux(&data)
    defer { WebPDemuxDelete(file) }
    let picture = RGBAImage(
      width: width, height: height, pixels: pixels, profile: ColourProfile(chunk("ICCP", of: file)))
    return ExifOrientation(of: chunk("EXIF", of: file)).upright(picture)
  }

  private static func firstFrame(_ data: inout WebPData, count: Int) throws(ImagingError) -> [UInt8] {
    guard let decoder = WebPAnimDecoderNew(&data, nil) else { throw damaged }
    defer { WebPAnimDecoderDelete(decoder) }
    var canvas: UnsafeMutablePointer<UInt8>?
    var milliseconds: Int32 = 0
    guard WebPAnimDecoderGetNext(decoder, &canvas, &milliseconds) != 0, let canvas else { throw damaged }
    return Array(UnsafeBufferPointer(start: canvas, count: count))
  }

  /// What a chunk of the file holds; nothing if there is none.
  private static func chunk(_ name: String, of file: OpaquePointer?) -> [UInt8] {
    var chunk = WebPChunkIterator()
    guard let file, WebPDemuxGetChunk(file, name, 1, &chunk) != 0 else { return [] }
    defer { WebPDemuxReleaseChunkIterator(&chunk) }
    return Array(UnsafeBufferPointer(start: chunk.chunk.bytes, count: chunk.chunk.size))
  }

  private static var damaged: ImagingError {
    ImagingError(.malformed, "Cannot read the WebP: it ends too early, or is damaged.")
  }
}
