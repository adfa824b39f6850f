package import Shared

/// A value in the database that this version does not know: it was damaged, or written by another version. It concerns
/// the row that it is in, and nothing else.
package struct UnreadableValue: Error, CustomStringConvertible {
  package let column: String

  package var description: String { "column '\(column)'" }
}

extension AtelierError {
  /// - Parameters:
  ///   - text: what is there.
  ///   - type: what should be.
  init(unreadable text: String, _ column: StaticString, as type: String) {
    self.init(
      .system,
      "The database has '\(text.prefix(60))' as '\(column)', which is no \(type) that this version knows; it was damaged, "
        + "or written by another version.", cause: UnreadableValue(column: "\(column)"))
  }

  /// Whether a single row cannot be read, of which others know nothing.
  package var isOfRow: Bool { cause is UnreadableValue }
}
