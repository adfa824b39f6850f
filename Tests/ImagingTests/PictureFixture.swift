import Foundation

@testable import Imaging

/// A small picture file and the pixels that Pillow reads from it (Fixtures/make_fixtures.py).
struct PictureFixture: Sendable, CustomStringConvertible {
  let name: String
  let bytes: [UInt8]
  let expected: RGBAImage

  var description: String { name }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().path + "/Fixtures/"

  static func all(_ suffix: String) -> [PictureFixture] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder + "decode")) ?? []
    return names.filter { $0.hasSuffix(suffix) && !$0.hasSuffix(".rgba") }.sorted().compactMap {
      try? PictureFixture($0)
    }
  }

  init(_ name: String) throws {
    self.name = name
    bytes = try Self.read("decode/" + name)
    let record = try Self.read("decode/\(name).rgba")
    func number(_ place: Int) -> Int { (0..<4).reversed().reduce(0) { $0 << 8 | Int(record[place + $1]) } }
    expected = RGBAImage(width: number(0), height: number(4), pixels: Array(record.dropFirst(8)))
  }

  static func read(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(filePath: folder + name))) }
}

extension RGBAImage {
  /// The pixels alone, as fixtures have them.
  var withoutProfile: RGBAImage { RGBAImage(width: width, height: height, pixels: pixels) }
}

/// The largest difference between two lists of values; 256 if they differ in length.
func largestDifference(_ left: [UInt8], _ right: [UInt8]) -> Int {
  left.count == right.count ? zip(left, right).map { abs(Int($0) - Int($1)) }.max() ?? 0 : 256
}
