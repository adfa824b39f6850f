import Crypto
import Foundation
package import Shared

/// Where the files lie that requests came with: `<data>/sources/<two digits>/<SHA-256>`.
///
/// A file is named by its content, so that the same file is kept once, however many jobs name it.
package struct SourceFolder: Sendable {
  private let root: String

  package init(dataFolder: String) throws(AtelierError) {
    root = dataFolder + "/sources"
    try DurableFile.makeFolder(root)
  }

  /// - Parameter digest: 64 hexadecimal digits.
  package func has(_ digest: String) -> Bool { FileManager.default.fileExists(atPath: path(digest)) }

  /// Keeps a file durably.
  ///
  /// - Throws: `invalidInput` if the bytes have another digest, `system` if they cannot be written.
  package func write(_ bytes: [UInt8], digest: String) throws(AtelierError) {
    guard hexadecimal(SHA256.hash(data: bytes)) == digest else {
      throw AtelierError(.invalidInput, "The file does not have the SHA-256 \(digest); it was damaged on the way.")
    }
    if has(digest) { return }
    try DurableFile.write(bytes, to: path(digest))
  }

  /// - Throws: `notFound`, or `malformed` if the file was damaged on disk.
  package func read(_ digest: String) throws(AtelierError) -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path(digest)) else {
      throw AtelierError(.notFound, "The file '\(path(digest))', which a request came with, is missing.")
    }
    guard hexadecimal(SHA256.hash(data: data)) == digest else {
      throw AtelierError(.malformed, "The file '\(path(digest))', which a request came with, is damaged on disk.")
    }
    return Array(data)
  }

  private func path(_ digest: String) -> String { "\(root)/\(digest.prefix(2))/\(digest)" }
}
