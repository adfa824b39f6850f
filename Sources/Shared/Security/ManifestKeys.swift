package import Foundation

/// The keys of a coordinator's manifests, in `keys` of its data directory: the one that it signs with now, and the public
/// halves of those before, with which older manifests still verify.
package struct ManifestKeys: Sendable {
  package let signing: SigningKey
  /// The newest first.
  package let retired: [RetiredKey]

  private static let (signingFile, retiredFile) = ("manifest-signing", "manifest-retired.json")

  /// Reads the keys, or makes one if there is none yet.
  ///
  /// - Throws: `malformed` if a file holds none, which is left as it is; what the folder throws.
  package init(in folder: KeyFolder) throws(AtelierError) {
    if let bytes = try folder.read(Self.signingFile) {
      signing = try Self.understood(folder, Self.signingFile) {
        try SigningKey(text: String(decoding: bytes, as: UTF8.self))
      }
    } else {
      signing = SigningKey()
      try folder.write(Data((signing.text + "\n").utf8), to: Self.signingFile)
    }
    let listed = try folder.read(Self.retiredFile).map { bytes throws(AtelierError) in
      try Self.understood(folder, Self.retiredFile) { try JSONCoding.decode([RetiredKey].self, from: bytes) }
    }
    // A rotation that was cut off has listed the key and goes on using it.
    retired = (listed ?? []).filter { [signing] in $0.publicKey != signing.publicKey.text }
  }

  private init(signing: SigningKey, retired: [RetiredKey]) {
    self.signing = signing
    self.retired = retired
  }

  /// Signs with a new key from now on. Nothing is left of the secret half of the old one.
  ///
  /// - Throws: what the folder throws; the old key is used on then.
  package func rotated(in folder: KeyFolder, at now: Date) throws -> ManifestKeys {
    let retired = [RetiredKey(publicKey: signing.publicKey.text, until: now)] + retired
    let new = ManifestKeys(signing: SigningKey(), retired: retired)
    try folder.write(JSONCoding.encode(retired), to: Self.retiredFile)
    try folder.write(Data((new.signing.text + "\n").utf8), to: Self.signingFile)
    return new
  }

  private static func understood<Value>(
    _ folder: KeyFolder, _ name: String, _ body: () throws -> Value
  ) throws(AtelierError) -> Value {
    do {
      return try body()
    } catch {
      throw AtelierError(
        .malformed,
        "Cannot use '\(folder.path)/\(name)'. \((error as? AtelierError)?.message ?? "It cannot be read.") "
          + "Put it back from a copy, or move it away, and a new one is made.")
    }
  }
}

/// A key that signed manifests, and does so no more.
package struct RetiredKey: Sendable, Codable, Equatable {
  /// 32 bytes in Base64.
  package var publicKey: String
  /// When it signed last, at most.
  package var until: Date

  package init(publicKey: String, until: Date) {
    self.publicKey = publicKey
    self.until = until
  }
}
