/// Names a job: `job-` and ten characters that a person can read out (no i, l, o, u).
package struct JobID: Hashable, Sendable, Codable, CustomStringConvertible {
  package let text: String

  /// How all names of jobs begin that the coordinator gives.
  package static let prefix = "job-"

  /// A new identifier, 50 random bits.
  package init(using generator: inout some RandomNumberGenerator) {
    let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
    text = Self.prefix + String((0..<10).map { _ in alphabet[Int.random(in: 0..<32, using: &generator)] })
  }

  /// An identifier that somebody gave. Any text is taken: whether such a job exists is the store's to say.
  package init(_ text: String) {
    self.text = text
  }

  package init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  package var description: String { text }
}
