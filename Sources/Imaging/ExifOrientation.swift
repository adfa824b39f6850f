/// How a camera was held: the tag 0x0112 of Exif (CIPA DC-008).
enum ExifOrientation: Int {
  case upright = 1
  case mirrored, upsideDown, mirroredUpsideDown
  case mirroredLeft, right, mirroredRight, left

  /// What Exif's TIFF structure says, with or without the name that stands before it in a JPEG; upright where it says
  /// nothing or nonsense.
  init(of exif: [UInt8]) {
    let name = Array("Exif\0\0".utf8)
    self = Self.read(exif.starts(with: name) ? Array(exif.dropFirst(name.count)) : exif) ?? .upright
  }

  init(copying exif: UnsafePointer<UInt8>?, count: Int) {
    self.init(of: Array(UnsafeBufferPointer(start: exif, count: exif == nil ? 0 : count)))
  }

  /// The picture turned as it was seen.
  func upright(_ picture: RGBAImage) -> RGBAImage {
    if self == .upright { return picture }
    let isTurned = rawValue >= 5
    let (width, height) = isTurned ? (picture.height, picture.width) : (picture.width, picture.height)
    let (right, bottom) = (picture.width - 1, picture.height - 1)
    let pixels = [UInt8](unsafeUninitializedCapacity: picture.pixels.count) { pixels, count in
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
          let (target, source) = ((y * width + x) * 4, (sourceY * picture.width + sourceX) * 4)
          for channel in 0..<4 { pixels[target + channel] = picture.pixels[source + channel] }
        }
      }
      count = picture.pixels.count
    }
    return RGBAImage(width: width, height: height, pixels: pixels, profile: picture.profile)
  }

  private static func read(_ bytes: [UInt8]) -> ExifOrientation? {
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
      // A short number stands at the left of its four bytes; some programs write a long one (type 4).
      let size = number(index + 2, 2) == 4 ? 4 : 2
      if tag == 0x0112 { return number(index + 8, size).flatMap(ExifOrientation.init(rawValue:)) }
    }
    return nil
  }
}
