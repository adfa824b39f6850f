import CGIF
import Glibc

/// The first frame of a GIF, by giflib. Read only.
enum GIF {
  /// The first frame on its canvas, which is transparent where the frame does not lie.
  ///
  /// - Throws: `malformed` or `unsupported`.
  static func decode(_ bytes: [UInt8]) throws(ImagingError) -> RGBAImage {
    let result = bytes.withUnsafeBufferPointer { buffer in
      var input = Input(rest: buffer[...])
      return Result { () throws(ImagingError) in try decode(&input) }
    }
    return try result.get()
  }

  /// What giflib has not read yet.
  private struct Input {
    var rest: Slice<UnsafeBufferPointer<UInt8>>
  }

  private static func decode(_ input: inout Input) throws(ImagingError) -> RGBAImage {
    let result = withUnsafeMutablePointer(to: &input) { input in
      Result { () throws(ImagingError) in
        var status: Int32 = 0
        let opened = DGifOpen(input, { file, target, count in GIF.read(file, target, count) }, &status)
        guard let file = opened else { throw failure(status) }
        defer { DGifCloseFile(file, nil) }
        return try firstFrame(file)
      }
    }
    return try result.get()
  }

  /// Gives giflib the next bytes, fewer at the end.
  private static func read(
    _ file: UnsafeMutablePointer<GifFileType>?, _ target: UnsafeMutablePointer<GifByteType>?, _ count: Int32
  ) -> Int32 {
    guard let input = file?.pointee.UserData?.assumingMemoryBound(to: Input.self), let target else { return 0 }
    let part = input.pointee.rest.prefix(Int(count))
    for (index, byte) in part.enumerated() { target[index] = byte }
    input.pointee.rest = input.pointee.rest.dropFirst(part.count)
    return Int32(part.count)
  }

  private static func firstFrame(_ file: UnsafeMutablePointer<GifFileType>) throws(ImagingError) -> RGBAImage {
    var transparent: Int?
    while true {
      var kind = UNDEFINED_RECORD_TYPE
      try check(DGifGetRecordType(file, &kind), file)
      switch kind {
      case IMAGE_DESC_RECORD_TYPE:
        try check(DGifGetImageDesc(file), file)
        return try frame(file, transparent: transparent)
      case EXTENSION_RECORD_TYPE:
        var code: Int32 = 0
        var block: UnsafeMutablePointer<GifByteType>?
        try check(DGifGetExtension(file, &code, &block), file)
        var control = GraphicsControlBlock()
        if code == GRAPHICS_EXT_FUNC_CODE, let block,
          DGifExtensionToGCB(Int(block[0]), block + 1, &control) == GIF_OK
        {
          transparent = Int(control.TransparentColor)
        }
        while block != nil { try check(DGifGetExtensionNext(file, &block), file) }
      default: throw ImagingError(.malformed, "Cannot read the GIF: it has no picture.")
      }
    }
  }

  private static func frame(
    _ file: UnsafeMutablePointer<GifFileType>, transparent: Int?
  ) throws(ImagingError) -> RGBAImage {
    let frame = file.pointee.Image
    let (left, top, columns, rows) = (Int(frame.Left), Int(frame.Top), Int(frame.Width), Int(frame.Height))
    // Some programs write a canvas that is smaller than its frames, or none.
    let width = max(Int(file.pointee.SWidth), left + columns)
    let height = max(Int(file.pointee.SHeight), top + rows)
    try ImagingError.checkSize("GIF", width: width, height: height)
    guard columns > 0, rows > 0 else { throw ImagingError(.malformed, "Cannot read the GIF: it has no picture.") }
    let palette = colours((frame.ColorMap ?? file.pointee.SColorMap)?.pointee, transparent: transparent)
    var pixels = [UInt8](repeating: 0, count: width * height * 4)
    var line = [UInt8](repeating: 0, count: columns)
    for row in rowOrder(rows, isInterlaced: frame.Interlace) {
      try check(DGifGetLine(file, &line, Int32(columns)), file)
      for (column, index) in line.enumerated() {
        let target = ((top + row) * width + left + column) * 4
        for channel in 0..<4 { pixels[target + channel] = palette[Int(index) * 4 + channel] }
      }
    }
    return RGBAImage(width: width, height: height, pixels: pixels)
  }

  /// Red, green, blue and opacity of each of 256 indices; without a palette they are levels of grey.
  private static func colours(_ map: ColorMapObject?, transparent: Int?) -> [UInt8] {
    var result: [UInt8] = []
    for index in 0..<256 {
      var colour = GifColorType(Red: UInt8(index), Green: UInt8(index), Blue: UInt8(index))
      if let map { colour = index < map.ColorCount ? map.Colors[index] : GifColorType() }
      result += [colour.Red, colour.Green, colour.Blue, index == transparent ? 0 : 255]
    }
    return result
  }

  /// The rows as they follow each other in the file.
  private static func rowOrder(_ rows: Int, isInterlaced: Bool) -> [Int] {
    guard isInterlaced else { return Array(0..<rows) }
    return [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { first, step in Array(stride(from: first, to: rows, by: step)) }
  }

  private static func check(_ status: Int32, _ file: UnsafeMutablePointer<GifFileType>) throws(ImagingError) {
    guard status == GIF_OK else { throw failure(file.pointee.Error) }
  }

  private static func failure(_ code: Int32) -> ImagingError {
    let reason = GifErrorString(code).map { String(cString: $0) } ?? "it is damaged"
    return ImagingError(.malformed, "Cannot read the GIF: \(reason).")
  }
}
