import Foundation
import Shared

/// The lines of a manifest as bytes, one after the other: what is signed is bytes, and a manifest may have a gigabyte.
struct ManifestLines {
  private let path: String
  private let file: FileHandle
  private var buffer = Data()
  private var isAtEnd = false

  /// Of a line that makes sense: a scoring of very many pictures is longest.
  private static let longest = 256 << 20

  /// - Throws: `notFound`, `invalidInput` or `system` if it cannot be read.
  init(path: String) throws(AtelierError) {
    self.path = path
    file = try RegularFile.open(path).file
  }

  /// The next line with its line feed, if it has one; nil at the end.
  ///
  /// - Throws: `system`; `malformed` for a line that is none.
  mutating func next() throws -> Data? {
    var searched = buffer.startIndex
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = buffer[...end]
        buffer = buffer[(end + 1)...]
        return line
      }
      if isAtEnd {
        let rest = buffer
        buffer = Data()
        return rest.isEmpty ? nil : rest
      }
      guard buffer.count <= Self.longest else {
        throw AtelierError(.malformed, "'\(path)' is no manifest: a line of it has more than \(Self.longest) bytes.")
      }
      let searchedCount = buffer.count
      let piece = try file.read(upToCount: 1 << 18) ?? Data()
      isAtEnd = piece.isEmpty
      buffer = Data(buffer) + piece
      searched = buffer.startIndex + searchedCount
    }
  }
}
