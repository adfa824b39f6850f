/// A value that a field of a request can have, as text has it: a column of a CSV file, the query of a submission, an
/// option of the command line.
package protocol FieldValue: Hashable, Sendable, Codable {
  /// What must be given, for errors: "a whole number".
  static var expected: String { get }

  /// All values as text, where they are few.
  static var choices: [String]? { get }

  init?(fieldText text: String)

  /// The text that gives this value again.
  var fieldText: String { get }
}

extension FieldValue {
  package static var choices: [String]? { nil }
}

extension FieldValue where Self: LosslessStringConvertible {
  package init?(fieldText text: String) { self.init(text.trimmingWhitespace()) }
  package var fieldText: String { description }
}

extension FieldValue where Self: FixedWidthInteger {
  /// Spreadsheets and data frames write whole numbers as `7.0`; it is taken where it is exactly whole.
  package init?(fieldText text: String) {
    let text = text.trimmingWhitespace()
    guard let value = Self(text) ?? WholeNumber.digits(of: text).flatMap({ Self($0) }) else { return nil }
    self = value
  }

  package var fieldText: String { description }
}

extension Int: FieldValue {
  package static var expected: String { "a whole number" }
}

extension UInt64: FieldValue {
  package static var expected: String { "a whole number from 0 to \(UInt64.max)" }
}

extension Double: FieldValue {
  package static var expected: String { "a number" }

  package init?(fieldText text: String) {
    guard let value = Double(text.trimmingWhitespace()), value.isFinite else { return nil }
    self = value
  }
}

extension Bool: FieldValue {
  package static var expected: String { "true or false" }
  package static var choices: [String]? { ["true", "false"] }
}

extension String: FieldValue {
  package static var expected: String { "a string" }

  package init?(fieldText text: String) { self = text }
  package var fieldText: String { self }
}

extension SamplerName: FieldValue {
  package static var expected: String { "one of: \(allCases.map(\.rawValue).joined(separator: ", "))" }
  package static var choices: [String]? { allCases.map(\.rawValue) }

  package init?(fieldText text: String) { self.init(rawValue: text.trimmingWhitespace()) }
  package var fieldText: String { rawValue }
}

extension PictureSize: FieldValue {
  package static var expected: String {
    "WIDTHxHEIGHT, such as 256x256, each side from \(sideRange.lowerBound) to \(sideRange.upperBound) pixels"
  }

  package init?(fieldText text: String) {
    guard let size = try? PictureSize(parsing: text.trimmingWhitespace()) else { return nil }
    self = size
  }

  package var fieldText: String { description }
}
