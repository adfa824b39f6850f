/// Names one run of one worker process: pool, host, process and a random part, so that a restarted
/// worker is never taken for its predecessor.
package struct WorkerID: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
  package let text: String

  package init(pool: Pool, host: String, process: Int32, using generator: inout some RandomNumberGenerator) {
    let random = String(UInt32.random(in: 0...UInt32.max, using: &generator), radix: 36)
    // A name may be 200 bytes long; the host name is the only part without a bound of its own.
    text = "\(pool)-\(host.prefix(64))-\(process)-\(random)"
  }

  /// With the fingerprint of its key, which must be its last part where workers have keys.
  ///
  /// - Parameter fingerprint: as ``CurveKey/fingerprint`` has it.
  package func signed(_ fingerprint: String) -> WorkerID { WorkerID("\(text)-\(fingerprint)") }

  /// Whether it is the name of a worker with this key.
  package func isOf(_ key: CurveKey) -> Bool { text.hasSuffix("-" + key.fingerprint) }

  /// A name as a message, the store or a person has it. Any text is taken.
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

  package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

  package var description: String { text }
}
