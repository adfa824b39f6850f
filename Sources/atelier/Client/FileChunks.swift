import Foundation
import NIOCore
import Shared

/// A file as a stream of pieces of 256 KB, so that a large one never stands in memory.
struct FileChunks: AsyncSequence, Sendable {
  private let path: String

  /// Opens the file once, so that one that cannot be read is told of before anything is sent.
  ///
  /// - Throws: `notFound` or `system` if it cannot be read, `invalidInput` if it is no regular file.
  init(path: String) throws(AtelierError) {
    self.path = path
    _ = try Self.open(path)
  }

  func makeAsyncIterator() -> Iterator { Iterator(path: path) }

  struct Iterator: AsyncIteratorProtocol {
    let path: String
    private var handle: FileHandle?

    init(path: String) { self.path = path }

    /// The next piece; nil at the end.
    mutating func next() async throws -> ByteBuffer? {
      let handle = try handle ?? FileChunks.open(path)
      self.handle = handle
      guard let data = try handle.read(upToCount: 1 << 18), !data.isEmpty else { return nil }
      return ByteBuffer(bytes: data)
    }
  }

  /// - Throws: `notFound`, `system` or `invalidInput`, with what is in the way.
  private static func open(_ path: String) throws(AtelierError) -> FileHandle {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw AtelierError(.system, "Cannot read '\(path)': it is a folder.")
    }
    return try RegularFile.open(path).file
  }
}
