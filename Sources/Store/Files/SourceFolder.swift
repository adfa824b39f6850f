import Crypto
import Foundation
package import Shared

/// Where the files lie that requests came with: `<data>/sources/<two digits>/<SHA-256>`.
///
/// A file is named by its content, so that the same file is kept once, however many jobs name it. None is deleted: a
/// retry may read it, and so may a job that names it later.
package struct SourceFolder: Sendable {
  private let root: String

  /// - Throws: `system` if the folder cannot be made.
  package init(dataFolder: String) throws(AtelierError) {
    root = dataFolder + "/sources"
    try DurableFile.makeFolder(root)
  }

  /// Whether a file is here. Damage is found when it is read.
  ///
  /// - Parameter digest: 64 hexadecimal digits.
  package func has(_ digest: String) -> Bool { FileManager.default.fileExists(atPath: path(digest)) }

  /// Keeps a file durably; one that is here already is not written again.
  ///
  /// - Throws: `invalidInput` if the bytes have another digest, `system` if they cannot be written.
  package func write(_ bytes: [UInt8], digest: String) throws(AtelierError) {
    guard hexadecimal(SHA256.hash(data: bytes)) == digest else {
      throw AtelierError(.invalidInput, "The file does not have the SHA-256 \(digest); it was damaged on the way.")
    }
    if has(digest) { return }
    try DurableFile.write(bytes, to: path(digest))
  }

  /// A file as it goes to a worker.
  ///
  /// - Throws: `notFound`, or `malformed` if the file was damaged on disk.
  package func read(_ digest: String) throws(AtelierError) -> Artifact {
    guard let data = FileManager.default.contents(atPath: path(digest)) else {
      throw AtelierError(.notFound, "The file '\(path(digest))', which a request came with, is missing.")
    }
    let file = Artifact(kind: .source, type: .uint8, shape: [data.count], bytes: Array(data))
    guard hexadecimal(file.sha256) == digest else {
      throw AtelierError(.malformed, "The file '\(path(digest))', which a request came with, is damaged on disk.")
    }
    return file
  }

  private func path(_ digest: String) -> String { "\(root)/\(digest.prefix(2))/\(digest)" }
}
