import Crypto
package import Foundation

/// What a coordinator signs of a manifest: that these lines, in this order, are what it knew of a job's images at a
/// time. A manifest of many lines has several statements, which say how they follow each other, so that none can be
/// left out. The signed bytes are those of ``text``.
package struct ManifestStatement: Sendable, Equatable {
  package var job: JobID
  /// The image behind which the lines begin, by the coordinator's numbers; 0 for the job's first.
  package var after: ImageID
  /// The `after` of the statement that follows; nil in the last one.
  package var next: ImageID?
  /// How many lines.
  package var lines: Int
  /// SHA-256 of the lines' bytes, each with its line feed, in hexadecimal.
  package var sha256: String
  /// By the coordinator's clock, to the second.
  package var signed: Date

  private static let title = "atelier manifest 1"

  /// - Parameter text: the lines, each with its line feed.
  package init(job: JobID, after: ImageID, next: ImageID?, text: some DataProtocol, signed: Date) {
    self.job = job
    self.after = after
    self.next = next
    lines = text.count { $0 == UInt8(ascii: "\n") }
    sha256 = hexadecimal(SHA256.hash(data: text))
    self.signed = Date(timeIntervalSince1970: signed.timeIntervalSince1970.rounded(.down))
  }

  /// Six lines of UTF-8, each with its line feed; `docs/security.md` has them.
  package var text: String {
    """
    \(Self.title)
    job \(job)
    images after \(after) up to \(next?.description ?? "end")
    lines \(lines)
    sha256 \(sha256)
    signed \(signed.formatted(.iso8601))

    """
  }

  /// Reads a statement. Only the exact bytes of ``text`` are one.
  ///
  /// - Throws: `malformed` if it is none that this version knows.
  package init(text: String) throws(AtelierError) {
    let rows = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.split(separator: " ") }
    guard rows.count == 7, rows[1].count == 2, rows[2].count == 6, rows[3].count == 2, rows[4].count == 2,
      rows[5].count == 2, let after = Int64(rows[2][2]), let lines = Int(rows[3][1]),
      let signed = try? Date(String(rows[5][1]), strategy: .iso8601)
    else { throw Self.unknown }
    let next = rows[2][5] == "end" ? nil : Int64(rows[2][5]).map { ImageID($0) }
    job = JobID(String(rows[1][1]))
    (self.after, self.next, self.lines) = (ImageID(after), next, lines)
    (sha256, self.signed) = (String(rows[4][1]), signed)
    guard self.text == text else { throw Self.unknown }
  }

  private static var unknown: AtelierError {
    AtelierError(.malformed, "The signed statement is none that this version of atelier knows.")
  }
}

/// A ``ManifestStatement`` with its signature.
package struct SignedStatement: Sendable, Codable, Equatable {
  /// The bytes that are signed, as text.
  package var statement: String
  /// Of the text's UTF-8 bytes: Ed25519, 64 bytes, in Base64.
  package var signature: Data
  /// The public key, as ``VerifyingKey/text``.
  package var key: String

  /// - Throws: what the library throws.
  package init(_ statement: ManifestStatement, by key: SigningKey) throws {
    self.statement = statement.text
    signature = try key.signature(of: statement.text)
    self.key = key.publicKey.text
  }
}

/// A part of a job's manifest, as it is signed.
package struct ManifestPart: Sendable, Codable {
  /// Lines of ``ManifestLine`` as JSON, each with its line feed, as they stand in `manifest.jsonl`.
  package var lines: String
  /// Ask again with `after` set to this; nil at the end.
  package var next: ImageID?
  package var signed: SignedStatement

  package init(lines: String, next: ImageID?, signed: SignedStatement) {
    self.lines = lines
    self.next = next
    self.signed = signed
  }
}

/// `manifest.sig.json`: the statements that a manifest's lines are signed with, in their order.
package struct ManifestSignature: Sendable, Codable, Equatable {
  /// The file's name, beside `manifest.jsonl`.
  package static let fileName = "manifest.sig.json"

  package var parts: [SignedStatement]

  package init(parts: [SignedStatement]) { self.parts = parts }
}

/// The key that manifests are signed with, and those before it, as people are told.
package struct ManifestKey: Sendable, Codable, Equatable {
  /// `Ed25519`.
  package var algorithm = "Ed25519"
  /// The public key: 32 bytes in Base64.
  package var publicKey: String
  /// The same as `openssl` reads it.
  package var pem: String
  /// With which manifests were signed before; the newest first.
  package var retired: [RetiredKey]

  package init(_ keys: ManifestKeys) {
    let key = keys.signing.publicKey
    (publicKey, pem, retired) = (key.text, key.pem, keys.retired)
  }
}
