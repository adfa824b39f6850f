/// Any key of a JSON object, so that fields are read by their declarations, and an unknown one can be named.
package struct FieldKey: CodingKey, Hashable, ExpressibleByStringLiteral {
  package let stringValue: String
  package var intValue: Int? { nil }

  package init(stringValue: String) { self.stringValue = stringValue }
  package init?(intValue: Int) { nil }
  package init(stringLiteral value: String) { stringValue = value }

  /// The key in Swift's spelling, `priorSteps` for `prior_steps`: what `JSONCoding` turns into the other and back.
  init(camelCased name: String) {
    let words = name.split(separator: "_")
    stringValue =
      words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }
}

extension KeyedDecodingContainer {
  /// All keys, always in the same order: of several mistakes in an object the same one is named each time.
  var sortedKeys: [Key] { allKeys.sorted { $0.stringValue < $1.stringValue } }
}
