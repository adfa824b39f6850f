/// The `custom_id`s of a file, to find one that is there twice.
///
/// Of each only a hash and a line are kept, and of ``standardMost`` at most: 28 MB, and 41 while the table grows. Those of
/// further lines are compared with these only. The hash has 64 bits and a key that is random in each process, so a
/// false alarm is one in ten million files of that length.
package struct CustomIDs: Sendable {
  /// As many as fill a table of two million places.
  package static let standardMost = 1_500_000

  private var lines: [UInt64: UInt32] = [:]
  private let most: Int

  package init(most: Int = CustomIDs.standardMost) {
    self.most = most
  }

  /// Notes a line's.
  ///
  /// - Throws: `invalidInput` that names the earlier line that has the same.
  package mutating func insert(_ id: String, line: Int) throws(AtelierError) {
    var hasher = Hasher()
    // By bytes: a string's own hash takes other spellings of a character for the same.
    let bytes = Array(id.utf8)
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    let hash = UInt64(truncatingIfNeeded: hasher.finalize())
    if let first = lines[hash] {
      throw AtelierError(
        .invalidInput,
        "The custom_id '\(id.prefix(60))' of line \(line) is that of line \(first) too; give each line its own.")
    }
    guard lines.count < most else { return }
    lines[hash] = UInt32(clamping: line)
  }
}
