/// A file that a request needs: as its author named it, or once it is uploaded, by the SHA-256 of its bytes.
package struct SourceFile: Hashable, Sendable, Codable, CustomStringConvertible {
  /// A path; or `sha256:`, 64 hexadecimal digits and, for people, `#` and the file's name.
  package let text: String

  private static let prefix = "sha256:"

  package init(_ text: String) { self.text = text }

  package init(digest: String, name: String) { text = "\(Self.prefix)\(digest)#\(name.prefix(Self.longestName))" }

  package init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  package var description: String { text }

  /// The digest of an uploaded file, in lower-case hexadecimal; nil for a file that is only named.
  package var digest: String? {
    guard text.hasPrefix(Self.prefix) else { return nil }
    let digest = text.dropFirst(Self.prefix.count).prefix { $0 != "#" }
    return Self.isDigest(String(digest)) ? String(digest) : nil
  }

  /// What a person would call it: the file's name, or the beginning of its digest.
  package var name: String {
    guard let digest else { return text.split(separator: "/").last.map(String.init) ?? text }
    let name = text.drop { $0 != "#" }.dropFirst()
    return name.isEmpty ? String(digest.prefix(12)) : String(name)
  }

  private static let longestName = 100

  /// Whether a text is a SHA-256 as files are named by it: 64 hexadecimal digits in lower case.
  package static func isDigest(_ text: String) -> Bool {
    text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }

  /// The largest file that is taken, in bytes.
  package static let largest = 64 << 20
}
