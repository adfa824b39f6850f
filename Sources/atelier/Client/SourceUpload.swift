import Crypto
import Foundation
import NIOCore
import Shared

/// A prompt file of JSON lines on its way to the coordinator: the files that its lines name are uploaded, each
/// once, and named by their digests instead.
///
/// A line whose file cannot be read goes on as it is: the coordinator refuses it by its number, with all other
/// bad lines. So does one that was refused here, if bad lines are left out; else it is an error.
struct SourceUpload: AsyncSequence, Sendable {
  private let chunks: FileChunks
  private let folder: SourceFolder
  private let skipsBad: Bool
  private let refused: IndexSet
  private let upload: Upload

  /// Brings a file with its digest to the coordinator.
  typealias Upload = @Sendable (_ bytes: [UInt8], _ digest: String) async throws -> Void

  /// - Parameters:
  ///   - path: of the prompt file.
  ///   - folder: where its lines' files are looked for.
  ///   - skipsBad: whether bad lines are left out.
  ///   - refused: the numbers of lines that are, whose files are not sent.
  /// - Throws: `notFound`, `system` or `invalidInput` if it cannot be read.
  init(
    path: String, folder: SourceFolder, skipsBad: Bool, refused: IndexSet = [], upload: @escaping Upload
  ) throws(AtelierError) {
    chunks = try FileChunks(path: path)
    self.folder = folder
    self.skipsBad = skipsBad
    self.refused = refused
    self.upload = upload
  }

  func makeAsyncIterator() -> Iterator {
    Iterator(chunks: chunks.makeAsyncIterator(), folder: folder, skipsBad: skipsBad, refused: refused, upload: upload)
  }

  struct Iterator: AsyncIteratorProtocol {
    private var chunks: FileChunks.Iterator
    private let folder: SourceFolder
    private let skipsBad: Bool
    private let refused: IndexSet
    private let upload: Upload
    private var splitter = RecordSplitter(quotesHoldLineEnds: false)
    /// The digest of each file that the coordinator has.
    private var uploaded: [SourceFields.Source: String] = [:]
    private var isAtEnd = false

    /// What stands for a line that is too long, and is too long itself: enough for the coordinator to name it.
    private static let tooLong = [UInt8](repeating: UInt8(ascii: "x"), count: RecordSplitter.longestRecord + 1)

    init(
      chunks: FileChunks.Iterator, folder: SourceFolder, skipsBad: Bool, refused: IndexSet, upload: @escaping Upload
    ) {
      self.chunks = chunks
      self.folder = folder
      self.skipsBad = skipsBad
      self.refused = refused
      self.upload = upload
    }

    /// The lines that the next pieces of the file complete; nil at the end. Uploads their files first.
    ///
    /// - Throws: as ``CoordinatorClient/upload(_:digest:)``; `invalidInput` for a file that must not be uploaded.
    mutating func next() async throws -> ByteBuffer? {
      while !isAtEnd {
        var records: [RecordSplitter.Record] = []
        if let chunk = try await chunks.next() {
          splitter.consume(chunk.readableBytesView) { records.append($0) }
        } else {
          isAtEnd = true
          splitter.finish { records.append($0) }
        }
        guard !records.isEmpty else { continue }
        var buffer = ByteBuffer()
        for record in records {
          buffer.writeBytes(try await line(record))
          buffer.writeInteger(UInt8(ascii: "\n"))
        }
        return buffer
      }
      return nil
    }

    /// A line with its files named by their digests. Most lines name no file and go on untouched.
    private mutating func line(_ record: RecordSplitter.Record) async throws -> [UInt8] {
      guard case .bytes(let line, let number) = record else { return Self.tooLong }
      if refused.contains(number) { return line }
      let sources = SourceFields.sources(inLine: line)
      guard !sources.isEmpty, var object = SourceFields.object(String(decoding: line, as: UTF8.self)) else {
        return line
      }
      for source in sources {
        guard let digest = try await digest(of: source, line: number) else { continue }
        let name = SourceFile(digest: digest, name: SourceFile(source.file).name)
        SourceFields.replace(source.file, by: name.text, in: &object)
      }
      // The same bytes each time: it may have to be sent again.
      return try Array(
        JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes]))
    }

    /// The digest of a file that the coordinator has now; nil if it cannot be read here.
    private mutating func digest(of source: SourceFields.Source, line: Int) async throws -> String? {
      if let known = uploaded[source] { return known }
      let read: [UInt8]?
      do throws(AtelierError) {
        read = try folder.read(source)
      } catch {
        // Unless bad lines are left out, the file was in order before, and is another one since.
        guard skipsBad else { throw PromptFileCheck.refusal(line, error.message) }
        read = nil
      }
      guard let bytes = read else { return nil }
      let digest = hexadecimal(SHA256.hash(data: bytes))
      try await upload(bytes, digest)
      uploaded[source] = digest
      return digest
    }
  }
}
