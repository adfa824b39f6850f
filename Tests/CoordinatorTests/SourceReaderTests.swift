import Foundation
import Shared
import Store
import TestSupport
import Testing

@testable import Coordinator

/// What one turn reads of the files that requests came with.
@Suite struct SourceReaderTests {
  private let folder: TemporaryFolder
  private let sources: SourceFolder

  init() throws {
    folder = try TemporaryFolder()
    sources = try SourceFolder(dataFolder: folder.path)
  }

  /// A file of so many bytes.
  private func add(_ count: Int, _ byte: UInt8) throws -> String {
    let bytes = [UInt8](repeating: byte, count: count)
    let digest = hexadecimal(Artifact(kind: .source, type: .uint8, shape: [count], bytes: bytes).sha256)
    try sources.write(bytes, digest: digest)
    return digest
  }

  /// How many files were read; nil for a task that is held back.
  private func count(_ reader: inout SourceReader, _ digests: [String]) throws -> Int? {
    switch try reader.files(digests) {
    case .read(let files): files.count
    case .later: nil
    }
  }

  @Test func `a turn reads files up to its limit, and holds back what is more`() throws {
    let (a, b, c) = (try add(60, 1), try add(60, 2), try add(30, 3))
    var reader = SourceReader(sources, limit: 100)
    reader.beginMessage()
    #expect(try count(&reader, [a]) == 1)
    #expect(try count(&reader, [b]) == nil)
    #expect(try count(&reader, [a, c]) == 2)
    #expect(try count(&reader, []) == 0)
    // Read already, so that it costs no memory to give it to another worker.
    reader.beginMessage()
    #expect(try count(&reader, [a]) == 1)
    #expect(try count(&reader, [b]) == nil)
  }

  @Test func `a single request may have more than a turn's limit`() throws {
    let (a, b) = (try add(80, 1), try add(80, 2))
    var reader = SourceReader(sources, limit: 100)
    reader.beginMessage()
    #expect(try count(&reader, [a, b]) == 2)
  }

  @Test func `a file that is missing is found so, whatever the limit`() throws {
    var reader = SourceReader(sources, limit: 100)
    reader.beginMessage()
    let error = #expect(throws: AtelierError.self) { _ = try reader.files([String(repeating: "0", count: 64)]) }
    #expect(error?.code == .notFound)
  }
}
