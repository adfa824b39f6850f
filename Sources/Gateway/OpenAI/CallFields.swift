import Shared

/// The fields of a call, of a JSON object or of a form, in which all values are text and an empty one is null.
struct CallFields: Sendable {
  private let values: [String: JSONValue]
  private let isForm: Bool

  init(json values: [String: JSONValue]) {
    self.values = values
    isForm = false
  }

  /// - Parameter form: the texts of a form by their names.
  init(form texts: [String: String]) {
    values = texts.mapValues { $0.isEmpty ? .null : .string($0) }
    isForm = true
  }

  /// Refuses what a call does not take.
  ///
  /// - Parameters:
  ///   - known: all that it takes.
  ///   - foreign: what only other models take; it may be there as null, which asks for nothing.
  func check(known: Set<String>, foreign: Set<String>) throws(OpenAIError) {
    for name in values.keys.sorted() where !known.contains(name) {
      // A field of an object in a form is called `object[field]`.
      let base = String(name.prefix { $0 != "[" })
      guard foreign.contains(base) else { throw .unknown(name) }
      if values[name] != .null { throw .unsupported(base) }
    }
  }

  /// A text; nil if it is absent or null.
  ///
  /// - Parameter isNullable: whether null is as good as absent.
  func text(_ name: String, isNullable: Bool = true) throws(OpenAIError) -> String? {
    guard let value = try present(name, "a string", isNullable) else { return nil }
    guard case .string(let text) = value else { throw .wrongType(name, expected: "a string", got: value) }
    return text
  }

  /// One of several words; nil if it is absent or null.
  func word(_ name: String, of words: [String]) throws(OpenAIError) -> String? {
    guard let text = try text(name) else { return nil }
    guard words.contains(text) else { throw .wrongValue(name, text, supported: words) }
    return text
  }

  /// A whole number; nil if it is absent or null.
  func integer(_ name: String, in range: ClosedRange<Int>) throws(OpenAIError) -> Int? {
    guard let value = try present(name, "an integer", true) else { return nil }
    let number: Int
    switch value {
    case .integer(let value): number = value
    case .string(let text) where isForm:
      guard let value = Int(text) else { throw .wrongType(name, expected: "an integer", got: value) }
      number = value
    default: throw .wrongType(name, expected: "an integer", got: value)
    }
    guard number >= range.lowerBound else {
      throw .invalid(
        "Invalid '\(name)': integer below minimum value. Expected a value >= \(range.lowerBound), but got \(number) "
          + "instead.", param: name, code: "integer_below_min_value")
    }
    guard number <= range.upperBound else {
      throw .invalid(
        "Invalid '\(name)': integer above maximum value. Expected a value <= \(range.upperBound), but got \(number) "
          + "instead.", param: name, code: "integer_above_max_value")
    }
    return number
  }

  /// Yes or no; nil if it is absent or null.
  func bool(_ name: String) throws(OpenAIError) -> Bool? {
    guard let value = try present(name, "a boolean", true) else { return nil }
    switch value {
    case .bool(let value): return value
    case .string("true") where isForm: return true
    case .string("false") where isForm: return false
    default: throw .wrongType(name, expected: "a boolean", got: value)
    }
  }

  /// The value, unless it is absent or null.
  private func present(
    _ name: String, _ expected: String, _ isNullable: Bool
  ) throws(OpenAIError) -> JSONValue? {
    guard let value = values[name] else { return nil }
    guard value == .null else { return value }
    guard isNullable || isForm else { throw .wrongType(name, expected: expected, got: .null) }
    return nil
  }
}
