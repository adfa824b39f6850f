/// A part's `config.json`, read key by key.
///
/// A null counts as absent where a key may be left out without meaning a value. Where an absent key means one, null
/// is refused: to the reference it is another value, or none at all.
package struct Config: Sendable {
  /// The file, for errors.
  package let path: String
  package let values: [String: JSONValue]

  /// - Throws: `missing` or `malformed`.
  package init(path: String) throws(UnCLIPError) {
    self.init(path: path, values: try JSONValue.object(ofFile: path))
  }

  package init(path: String, values: [String: JSONValue]) {
    self.path = path
    self.values = values
  }

  /// The value of a key, unless absent or null.
  package func value(_ key: String) -> JSONValue? {
    guard let value = values[key], value != .null else { return nil }
    return value
  }

  package func has(_ key: String) -> Bool { value(key) != nil }

  package func optionalInt(_ key: String) throws(UnCLIPError) -> Int? {
    guard let value = value(key) else { return nil }
    guard case .integer(let number) = value else { throw misfit(key, value, "a whole number") }
    return number
  }

  package func int(_ key: String) throws(UnCLIPError) -> Int {
    guard let number = try optionalInt(key) else { throw absent(key) }
    return number
  }

  package func int(_ key: String, default standard: Int) throws(UnCLIPError) -> Int {
    try found(optionalInt(key), key, default: standard)
  }

  package func optionalDouble(_ key: String) throws(UnCLIPError) -> Double? {
    switch value(key) {
    case nil: return nil
    case .integer(let number)?: return Double(number)
    case .number(let number)?: return number
    case let value?: throw misfit(key, value, "a number")
    }
  }

  package func double(_ key: String) throws(UnCLIPError) -> Double {
    guard let number = try optionalDouble(key) else { throw absent(key) }
    return number
  }

  package func double(_ key: String, default standard: Double) throws(UnCLIPError) -> Double {
    try found(optionalDouble(key), key, default: standard)
  }

  package func optionalBool(_ key: String) throws(UnCLIPError) -> Bool? {
    guard let value = value(key) else { return nil }
    guard case .bool(let flag) = value else { throw misfit(key, value, "true or false") }
    return flag
  }

  package func bool(_ key: String, default standard: Bool) throws(UnCLIPError) -> Bool {
    try found(optionalBool(key), key, default: standard)
  }

  package func optionalString(_ key: String) throws(UnCLIPError) -> String? {
    guard let value = value(key) else { return nil }
    guard case .string(let text) = value else { throw misfit(key, value, "a text") }
    return text
  }

  package func string(_ key: String) throws(UnCLIPError) -> String {
    guard let text = try optionalString(key) else { throw absent(key) }
    return text
  }

  package func string(_ key: String, default standard: String) throws(UnCLIPError) -> String {
    try found(optionalString(key), key, default: standard)
  }

  package func optionalInts(_ key: String) throws(UnCLIPError) -> [Int]? {
    guard let value = value(key) else { return nil }
    guard case .array(let elements) = value else { throw misfit(key, value, "a list of whole numbers") }
    var numbers: [Int] = []
    for element in elements {
      guard case .integer(let number) = element else { throw misfit(key, value, "a list of whole numbers") }
      numbers.append(number)
    }
    return numbers
  }

  package func ints(_ key: String) throws(UnCLIPError) -> [Int] {
    guard let numbers = try optionalInts(key) else { throw absent(key) }
    return numbers
  }

  package func doubles(_ key: String) throws(UnCLIPError) -> [Double] {
    guard let value = value(key) else { throw absent(key) }
    let elements = if case .array(let elements) = value { elements } else { [value] }
    var numbers: [Double] = []
    for element in elements {
      switch element {
      case .integer(let number): numbers.append(Double(number))
      case .number(let number): numbers.append(number)
      default: throw misfit(key, value, "a list of numbers")
      }
    }
    return numbers
  }

  package func optionalStrings(_ key: String) throws(UnCLIPError) -> [String]? {
    guard let value = value(key) else { return nil }
    guard case .array(let elements) = value else { throw misfit(key, value, "a list of texts") }
    var texts: [String] = []
    for element in elements {
      guard case .string(let text) = element else { throw misfit(key, value, "a list of texts") }
      texts.append(text)
    }
    return texts
  }

  package func strings(_ key: String) throws(UnCLIPError) -> [String] {
    guard let texts = try optionalStrings(key) else { throw absent(key) }
    return texts
  }

  /// Refuses a value that this engine does not honour.
  ///
  /// - Parameter standard: what an absent key means.
  /// - Returns: the value, one of `allowed`.
  @discardableResult
  package func require(_ key: String, oneOf allowed: [String], default standard: String? = nil)
    throws(UnCLIPError) -> String
  {
    let text = if let standard { try string(key, default: standard) } else { try string(key) }
    guard allowed.contains(text) else {
      throw refused(key, "\"\(text)\"", "supported: " + allowed.joined(separator: ", "))
    }
    return text
  }

  /// Refuses a key that is set to anything else than what this engine does.
  package func require(_ key: String, _ expected: JSONValue) throws(UnCLIPError) {
    guard let value = value(key), value != expected else { return }
    throw refused(key, value.text, "supported: \(expected.text)")
  }

  /// Refuses a key that is set at all.
  package func requireAbsent(_ key: String) throws(UnCLIPError) {
    guard let value = value(key) else { return }
    throw refused(key, value.text, "only models without it are supported")
  }

  package func refused(_ key: String, _ value: String, _ reason: String) -> UnCLIPError {
    UnCLIPError(.unsupported, "Cannot use '\(path)': '\(key)' is \(value); \(reason).")
  }

  /// A value that was found, or what an absent key means; a null is not absent.
  private func found<Value>(_ value: Value?, _ key: String, default standard: Value) throws(UnCLIPError) -> Value {
    if let value { return value }
    guard values[key] == nil else { throw refused(key, "null", "it must have a value, or be left out") }
    return standard
  }

  private func absent(_ key: String) -> UnCLIPError {
    if values[key] != nil { return refused(key, "null", "it must have a value") }
    return UnCLIPError(.malformed, "Cannot use '\(path)': the key '\(key)' is missing.")
  }

  private func misfit(_ key: String, _ value: JSONValue, _ expected: String) -> UnCLIPError {
    UnCLIPError(.malformed, "Cannot use '\(path)': '\(key)' is \(value.text); it must be \(expected).")
  }
}
