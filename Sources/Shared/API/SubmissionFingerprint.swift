import Crypto
import Foundation

/// Tells whether two submissions are the same, options and file, without keeping either: a SHA-256 over both.
package struct SubmissionFingerprint: Sendable {
  private var hash = SHA256()

  /// - Throws: the encoder's error.
  package init(_ options: SubmitOptions, _ format: PromptFileFormat) throws {
    let query = SubmissionQuery.encode(options, format: format)
    // The order in which options are declared does not count, nor what a value holds.
    hash.update(data: try JSONCoding.encode(Dictionary(query, uniquingKeysWith: { $1 })) + Data("\n".utf8))
  }

  /// Takes the next bytes of the file; where they are cut does not count.
  package mutating func consume(_ bytes: some Sequence<UInt8>) {
    let isDone: Void? = bytes.withContiguousStorageIfAvailable {
      hash.update(bufferPointer: UnsafeRawBufferPointer($0))
    }
    if isDone == nil { hash.update(data: Array(bytes)) }
  }

  /// Of all so far, in hexadecimal.
  package var digest: String { hexadecimal(hash.finalize()) }
}
