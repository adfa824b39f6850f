@testable import Imaging

/// A picture file: it is refused, or all its pixels are there, and it is the same as a PNG.
func fuzzPicture(_ bytes: [UInt8]) throws {
  guard !ClaimedSize.isLarge(bytes) else { return }
  let picture = try PictureFile.decodeWithOpacity(PNGChecksums.mended(bytes))
  expect(picture.pixels.count == picture.width * picture.height * 4, "a picture has all its pixels")
  expect(picture.width > 0 && picture.height > 0, "a picture is not empty")
  let again = must("a picture is written and read") { try PNG.decodeWithOpacity(PNG.encode(picture)) }
  expect(again.width == picture.width && again.height == picture.height, "a PNG has the picture's size")
  expect(again.pixels == picture.pixels, "a PNG has the picture's pixels")
  // A profile in which libpng finds a fault is left out.
  expect(again.profile == nil || again.profile == picture.profile, "a PNG has no other colour profile")
}

/// Large pictures are taken, but fill minutes with zeros: what is done with a header is the same for small ones.
private enum ClaimedSize {
  static func isLarge(_ bytes: [UInt8]) -> Bool {
    func number(_ start: Int, _ count: Int, bigEndian: Bool) -> Int {
      guard start + count <= bytes.count else { return 0 }
      let digits = Array(bytes[start..<(start + count)])
      return (bigEndian ? digits : digits.reversed()).reduce(0) { $0 << 8 | Int($1) }
    }
    func large(_ width: Int, _ height: Int) -> Bool {
      width > 1 << 12 || height > 1 << 12 || width * height > 1 << 16
    }
    switch PictureFormat(of: bytes) {
    case .png: return large(number(16, 4, bigEndian: true), number(20, 4, bigEndian: true))
    case .gif:
      if large(number(6, 2, bigEndian: false), number(8, 2, bigEndian: false)) { return true }
      return bytes.indices.contains { place in
        bytes[place] == UInt8(ascii: ",")
          && large(
            number(place + 1, 2, bigEndian: false) + number(place + 5, 2, bigEndian: false),
            number(place + 3, 2, bigEndian: false) + number(place + 7, 2, bigEndian: false))
      }
    case .jpeg:
      return bytes.indices.dropLast().contains { place in
        bytes[place] == 0xFF && (0xC0...0xCF).contains(bytes[place + 1])
          && large(number(place + 7, 2, bigEndian: true), number(place + 5, 2, bigEndian: true))
      }
    case .webp:
      let (lossy, lossless) = (Array("VP8 ".utf8), Array("VP8L".utf8))
      return bytes.indices.contains { place in
        if bytes[place...].starts(with: lossy) {
          return large(
            number(place + 14, 2, bigEndian: false) & 0x3FFF, number(place + 16, 2, bigEndian: false) & 0x3FFF)
        }
        if bytes[place...].starts(with: lossless) {
          let sizes = number(place + 9, 4, bigEndian: false)
          return large((sizes & 0x3FFF) + 1, (sizes >> 14 & 0x3FFF) + 1)
        }
        return bytes[place...].starts(with: Array("VP8X".utf8))
          && large(number(place + 12, 3, bigEndian: false) + 1, number(place + 15, 3, bigEndian: false) + 1)
      }
    case .other, nil: return false
    }
  }
}

/// Gives each chunk of a PNG its checksum, without which nothing that was changed would be looked at.
private enum PNGChecksums {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ sum >> 1 : sum >> 1 }
  }

  static func mended(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.starts(with: PNG.signature) else { return bytes }
    var bytes = bytes
    var place = PNG.signature.count
    while place + 12 <= bytes.count {
      let length = bytes[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) }
      let end = place + 8 + length
      guard end + 4 <= bytes.count else { break }
      let sum = ~bytes[(place + 4)..<end].reduce(UInt32.max) {
        table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8
      }
      for byte in 0..<4 { bytes[end + byte] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * byte)) }
      place = end + 4
    }
    return bytes
  }
}
