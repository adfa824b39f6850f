import Crypto
import Foundation
import NIOCore
import Shared

/// A prompt file of JSON lines on its way to the coordinator: the files that its lines name are uploaded, each
/// once, and named by their digests instead.
///
/// A line whose file cannot be read goes on as it is: the coordinator refuses it by its number, with all other
/// bad lines.
struct SourceUpload: AsyncSequence, Sendable {
  private let chunks: FileChunks
  private let folder: URL
  private let client: CoordinatorClient

  /// - Parameter path: of the prompt file; files are looked for beside it.
  /// - Throws: `notFound` or `system` if it cannot be read.
  init(path: String, client: CoordinatorClient) throws(AtelierError) {
    chunks = try FileChunks(path: path)
    folder = URL(filePath: path).deletingLastPathComponent()
    self.client = client
  }

  func makeAsyncIterator() -> Iterator {
    Iterator(chunks: chunks.makeAsyncIterator(), folder: folder, client: client)
  }

  struct Iterator: AsyncIteratorProtocol {
    var chunks: FileChunks.Iterator
    let folder: URL
    let client: CoordinatorClient
    /// The beginning of a line whose end has not been read.
    private var rest: [UInt8] = []
    /// The digest of each file that the coordinator has, by its name in the lines.
    private var uploaded: [String: String] = [:]
    private var isAtEnd = false

    init(chunks: FileChunks.Iterator, folder: URL, client: CoordinatorClient) {
      self.chunks = chunks
      self.folder = folder
      self.client = client
    }

    /// The lines that the next piece of the file completes; nil at the end. Uploads their files first.
    ///
    /// - Throws: as ``CoordinatorClient/upload(_:digest:)``.
    mutating func next() async throws -> ByteBuffer? {
      guard !isAtEnd else { return nil }
      guard let chunk = try await chunks.next() else {
        isAtEnd = true
        return rest.isEmpty ? nil : ByteBuffer(bytes: try await rewritten(rest))
      }
      rest += Array(chunk.readableBytesView)
      var result: [UInt8] = []
      var start = 0
      while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
        result += try await rewritten(Array(rest[start..<end]))
        result.append(UInt8(ascii: "\n"))
        start = end + 1
      }
      rest.removeFirst(start)
      return ByteBuffer(bytes: result)
    }

    /// A line with its files named by their digests. Most lines name no file and go on untouched, byte for byte.
    private mutating func rewritten(_ line: [UInt8]) async throws -> [UInt8] {
      let text = String(decoding: line, as: UTF8.self)
      guard SourceFields.mayName(text), var object = SourceFields.object(text) else { return line }
      let files = SourceFields.files(in: object)
      if files.isEmpty { return line }
      for file in files {
        guard let digest = try await digest(of: file) else { continue }
        let name = SourceFile(digest: digest, name: SourceFile(file).name)
        SourceFields.replace(file, by: name.text, in: &object)
      }
      return try Array(JSONSerialization.data(withJSONObject: object, options: [.withoutEscapingSlashes]))
    }

    /// The digest of a file that the coordinator has now; nil if it cannot be read here.
    private mutating func digest(of file: String) async throws -> String? {
      if let known = uploaded[file] { return known }
      let path = URL(filePath: file, relativeTo: folder).path(percentEncoded: false)
      guard let bytes = try? LocalFile.read(path) else { return nil }
      let digest = hexadecimal(SHA256.hash(data: bytes))
      try await client.upload(bytes, digest: digest)
      uploaded[file] = digest
      return digest
    }
  }
}
