import Shared
import Store

/// Files that requests name.
extension Coordinator {
  /// Whether a file is here, so that it need not be sent again.
  ///
  /// - Throws: `invalidInput` if this is no digest, `system` if nobody can tell at the moment.
  package func hasSource(_ digest: String) async throws -> Bool {
    try checkDigest(digest)
    return try await blocking.run { [sources] in try sources.size(of: digest) != nil }
  }

  /// Keeps a file that requests will name by its digest. It is durable when this returns.
  ///
  /// - Throws: `invalidInput` if the bytes have another digest or this is no digest, `system` if they cannot be
  ///   written.
  package func keepSource(_ bytes: [UInt8], digest: String) async throws {
    try checkDigest(digest)
    try await blocking.run { [sources] in try sources.write(bytes, digest: digest) }
  }

  private func checkDigest(_ digest: String) throws(AtelierError) {
    guard SourceFile.isDigest(digest) else {
      throw AtelierError(.invalidInput, "'\(digest)' is no SHA-256: 64 hexadecimal digits in lower case.")
    }
  }
}
