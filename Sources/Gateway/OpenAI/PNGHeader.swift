import Shared

/// The beginning of a PNG file, which says how large its picture is.
struct PNGHeader: Sendable, Equatable {
  var size: PictureSize

  private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Nil for what is no PNG file. Whether its picture can be read is told elsewhere.
  init?(_ bytes: [UInt8]) {
    // The first chunk is IHDR, of 13 bytes: width and height come first.
    guard bytes.count >= 24, bytes.starts(with: Self.signature), Array(bytes[12..<16]) == Array("IHDR".utf8) else {
      return nil
    }
    func number(_ start: Int) -> Int { bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
    size = PictureSize(width: number(16), height: number(20))
    guard size.width > 0, size.height > 0 else { return nil }
  }
}
