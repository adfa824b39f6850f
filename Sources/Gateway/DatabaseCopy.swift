import Foundation
import NIOCore
import Shared

/// A copy of the database on its way out. Its file has no name any more, and goes with this object.
final class DatabaseCopy: @unchecked Sendable {
  private let file: FileHandle
  /// In bytes.
  let size: Int

  /// How much of it is in memory at a time, in bytes.
  private static let pieceSize = 1 << 20

  /// Opens the copy and takes its name away, so that nothing of it is left however the answer ends.
  ///
  /// - Parameter path: of a file that ``Coordinator/copyDatabase()`` has made.
  /// - Throws: `system` if the file cannot be read.
  init(_ path: String) throws {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw AtelierError(.system, "Cannot read the copy of the database '\(path)'.")
    }
    self.file = file
    // It lives on as long as it is open.
    try FileManager.default.removeItem(atPath: path)
    size = Int(try file.seekToEnd())
    try file.seek(toOffset: 0)
  }

  /// The next piece; nil at the end. For one reader.
  func read() throws -> ByteBuffer? {
    guard let data = try file.read(upToCount: Self.pieceSize), !data.isEmpty else { return nil }
    return ByteBuffer(bytes: data)
  }
}
