/// How a camera was held: the tag 0x0112 in a JPEG's Exif segment (CIPA DC-008).
enum ExifOrientation: Int {
  case upright = 1
  case mirrored, upsideDown, mirroredUpsideDown
  case mirroredLeft, right, mirroredRight, left

  /// What the file says; upright where it says nothing or nonsense.
  init(of jpeg: [UInt8]) { self = Self.segment(of: jpeg).flatMap(Self.read) ?? .upright }

  /// The picture turned as it was seen.
  func upright(_ picture: RGBImage) -> RGBImage {
    if self == .upright { return picture }
    let isTurned = rawValue >= 5
    let (width, height) = isTurned ? (picture.height, picture.width) : (picture.width, picture.height)
    let (right, bottom) = (picture.width - 1, picture.height - 1)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(picture.pixels.count)
    for y in 0..<height {
      for x in 0..<width {
        let (sourceX, sourceY) =
          switch self {
          case .upright: (x, y)
          case .mirrored: (right - x, y)
          case .upsideDown: (right - x, bottom - y)
          case .mirroredUpsideDown: (x, bottom - y)
          case .mirroredLeft: (y, x)
          case .right: (y, bottom - x)
          case .mirroredRight: (right - y, bottom - x)
          case .left: (right - y, x)
          }
        let offset = (sourceY * picture.width + sourceX) * 3
        pixels.append(contentsOf: picture.pixels[offset..<(offset + 3)])
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// The Exif segment's TIFF structure.
  private static func segment(of jpeg: [UInt8]) -> ArraySlice<UInt8>? {
    let name = Array("Exif\0\0".utf8)
    var index = 2
    while index + 4 <= jpeg.count, jpeg[index] == 0xFF {
      let marker = jpeg[index + 1]
      // Filling before a marker.
      if marker == 0xFF {
        index += 1
        continue
      }
      // The pixels begin; what follows is no header.
      if marker == 0xDA || marker == 0xD9 { return nil }
      let length = Int(jpeg[index + 2]) << 8 | Int(jpeg[index + 3])
      guard length >= 2, index + 2 + length <= jpeg.count else { return nil }
      let content = jpeg[(index + 4)..<(index + 2 + length)]
      if marker == 0xE1, content.starts(with: name) { return content.dropFirst(name.count) }
      index += 2 + length
    }
    return nil
  }

  private static func read(_ tiff: ArraySlice<UInt8>) -> ExifOrientation? {
    let bytes = Array(tiff)
    let isBigEndian = bytes.starts(with: Array("MM".utf8))
    guard isBigEndian || bytes.starts(with: Array("II".utf8)) else { return nil }
    func number(_ index: Int, _ count: Int) -> Int? {
      guard index >= 0, index + count <= bytes.count else { return nil }
      let digits = bytes[index..<(index + count)]
      return (isBigEndian ? Array(digits) : digits.reversed()).reduce(0) { $0 << 8 | Int($1) }
    }
    guard number(2, 2) == 42, let directory = number(4, 4), let count = number(directory, 2) else { return nil }
    for entry in 0..<count {
      let index = directory + 2 + entry * 12
      guard let tag = number(index, 2) else { return nil }
      if tag == 0x0112 { return number(index + 8, 2).flatMap(ExifOrientation.init(rawValue:)) }
    }
    return nil
  }
}
