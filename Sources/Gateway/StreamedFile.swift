import Coordinator
import Foundation
import Hummingbird
import NIOCore
import Shared

/// A file on its way out, of which no more than a piece stands in memory. It is there as long as this object, whatever
/// becomes of its name. For one reader.
final class StreamedFile: @unchecked Sendable {
  private let file: FileHandle
  /// In bytes.
  let size: Int

  /// How much of it is in memory at a time, in bytes.
  private static let pieceSize = 1 << 20

  /// - Throws: Foundation's error if the file cannot be read.
  init(_ file: FileHandle) throws {
    self.file = file
    size = Int(try file.seekToEnd())
    try file.seek(toOffset: 0)
  }

  /// Opens a copy of the database and takes its name away, so that nothing of it is left however the answer ends.
  ///
  /// - Parameter path: of a file that ``Coordinator/copyDatabase()`` has made.
  /// - Throws: `system` if the file cannot be read.
  convenience init(databaseCopy path: String) throws {
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw AtelierError(.system, "Cannot read the copy of the database '\(path)'.")
    }
    // It lives on as long as it is open.
    try FileManager.default.removeItem(atPath: path)
    try self.init(file)
  }

  /// The next piece; nil at the end.
  func read() throws -> ByteBuffer? {
    guard let data = try file.read(upToCount: Self.pieceSize), !data.isEmpty else { return nil }
    return ByteBuffer(bytes: data)
  }

  /// An answer's body that sends it piece by piece.
  func body(_ blocking: BlockingWork) -> ResponseBody {
    ResponseBody(contentLength: size) { writer in
      while let piece = try await blocking.run({ try self.read() }) { try await writer.write(piece) }
      try await writer.finish(nil)
    }
  }
}
