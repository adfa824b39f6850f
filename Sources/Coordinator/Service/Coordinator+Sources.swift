import Shared

extension Coordinator {
  /// Whether a file is here, so that it need not be sent again.
  ///
  /// - Throws: `invalidInput` if this is no digest.
  package func hasSource(_ digest: String) throws -> Bool {
    try checkDigest(digest)
    return sources.has(digest)
  }

  /// Keeps a file that requests will name by its digest. It is durable when this returns.
  ///
  /// - Throws: `invalidInput` if the bytes have another digest.
  package func keepSource(_ bytes: [UInt8], digest: String) throws {
    try checkDigest(digest)
    try sources.write(bytes, digest: digest)
  }

  private func checkDigest(_ digest: String) throws(AtelierError) {
    guard SourceFile.isDigest(digest) else {
      throw AtelierError(.invalidInput, "'\(digest)' is no SHA-256: 64 hexadecimal digits in lower case.")
    }
  }
}
