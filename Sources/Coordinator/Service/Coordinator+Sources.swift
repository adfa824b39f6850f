package import Shared
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
  /// - Parameter owner: whose upload it is.
  /// - Throws: `invalidInput` if the bytes have another digest or this is no digest, `system` if they cannot be
  ///   written, `denied` if the owner would have more than they may.
  package func keepSource(_ bytes: [UInt8], digest: String, owner: String = JobOwner.local) async throws {
    try checkDigest(digest)
    if let limit = limits.sourceBytes {
      // Another's bytes under this name must not count.
      try await blocking.run { try SourceFolder.check(bytes, digest: digest) }
      try await count(digest, bytes: bytes.count, of: owner, limit: limit)
    }
    try await blocking.run { [sources] in try sources.write(bytes, digest: digest) }
  }

  /// A picture as a PNG file of another size, with its opacity.
  ///
  /// - Throws: `invalidInput` for what is no picture; `unavailable` where nobody knows pictures.
  package func resized(_ picture: [UInt8], to size: PictureSize) async throws -> [UInt8] {
    guard let pictureInspection else {
      throw AtelierError(.unavailable, "This coordinator cannot resize pictures.")
    }
    return try await pictureInspection.resized(picture, to: size)
  }

  private func checkDigest(_ digest: String) throws(AtelierError) {
    guard SourceFile.isDigest(digest) else {
      throw AtelierError(.invalidInput, "'\(digest)' is no SHA-256: 64 hexadecimal digits in lower case.")
    }
  }
}
