/// A field of a request, declared once: what it is called, what it may be, what it is when nobody says, which kinds of
/// request take it, and what it is for.
///
/// Prompt files, the query of a submission, options of the command line, checks, the wire, the store and the manifest
/// go over these declarations; so a field that is declared is known everywhere, and a bound stands nowhere else.
///
/// A class, since they are gone over for each line of a file: a reference is passed on, not a dozen closures.
package final class Field<Root: Sendable>: Sendable {
  /// In snake case, as JSON has it.
  package let name: String
  /// One sentence for people; it ends with a full stop.
  package let help: String
  /// What must be given, in words.
  package let expected: String
  /// The value where neither line, submission nor model says one, for people; nil where there is none.
  package let defaultText: String?
  /// The kinds of request that take it.
  package let kinds: Set<PictureOperation.Kind>
  /// Whether it is a number, so that a text that begins with a minus can be meant for it.
  package let isNumber: Bool
  /// All that it can be, where that is a list of words.
  package let choices: [String]?
  private let textOf: @Sendable (Root) -> String?
  private let setText: @Sendable (inout Root, String) throws(AtelierError) -> Void
  private let fillFrom: @Sendable (inout Root, Root) -> Void
  private let setDefault: @Sendable (inout Root) -> Void
  private let checkValue: @Sendable (Root) throws(AtelierError) -> Void
  private let decodeValue: @Sendable (inout Root, KeyedDecodingContainer<FieldKey>, FieldKey) throws -> Void
  private let encodeValue: @Sendable (Root, inout KeyedEncodingContainer<FieldKey>, FieldKey) throws -> Void

  /// - Parameters:
  ///   - path: to the value, which is nil where nobody says one.
  ///   - check: says what is wrong with a value, such as "it must be from 2 to 9"; nil if nothing is.
  package convenience init<Value: FieldValue>(
    _ name: String, _ path: any WritableKeyPath<Root, Value?> & Sendable, default defaultValue: Value? = nil,
    kinds: Set<PictureOperation.Kind> = Set(PictureOperation.Kind.allCases), help: String,
    check: @escaping @Sendable (Value) -> String? = { _ in nil }
  ) {
    self.init(
      name, get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 }, default: defaultValue, kinds: kinds,
      help: help, check: check)
  }

  /// A field that must lie in a range.
  package convenience init<Value: FieldValue & Comparable>(
    _ name: String, _ path: any WritableKeyPath<Root, Value?> & Sendable, in range: ClosedRange<Value>,
    default defaultValue: Value? = nil, kinds: Set<PictureOperation.Kind> = Set(PictureOperation.Kind.allCases),
    help: String
  ) {
    self.init(name, path, default: defaultValue, kinds: kinds, help: help) { value in
      range.contains(value)
        ? nil : "it must be from \(Self.short(range.lowerBound)) to \(Self.short(range.upperBound))"
    }
  }

  /// A field whose value is not kept as an optional.
  package init<Value: FieldValue>(
    _ name: String, get: @escaping @Sendable (Root) -> Value?, set: @escaping @Sendable (inout Root, Value?) -> Void,
    default defaultValue: Value? = nil, kinds: Set<PictureOperation.Kind> = Set(PictureOperation.Kind.allCases),
    help: String, check: @escaping @Sendable (Value) -> String? = { _ in nil }
  ) {
    self.name = name
    self.help = help
    self.kinds = kinds
    expected = Value.expected
    defaultText = defaultValue.map { Self.short($0) }
    isNumber = Value.self is any Numeric.Type
    choices = Value.choices
    textOf = { get($0)?.fieldText }
    setText = { root, text throws(AtelierError) in
      guard let value = Value(fieldText: text) else {
        throw AtelierError(.invalidInput, "'\(name)' is '\(text.prefix(Self.quoted))'; it must be \(Value.expected).")
      }
      set(&root, value)
    }
    fillFrom = { root, other in if get(root) == nil { set(&root, get(other)) } }
    setDefault = { root in if get(root) == nil, let defaultValue { set(&root, defaultValue) } }
    checkValue = { root throws(AtelierError) in
      guard let value = get(root), let fault = check(value) else { return }
      throw AtelierError(.invalidInput, "'\(name)' is \(Self.short(value).prefix(Self.quoted)); \(fault).")
    }
    decodeValue = { root, container, key in set(&root, try container.decodeIfPresent(Value.self, forKey: key)) }
    encodeValue = { root, container, key in try container.encodeIfPresent(get(root), forKey: key) }
  }

  /// The same field of what holds a `Root`.
  package func of<Holder: Sendable>(
    _ path: any WritableKeyPath<Holder, Root> & Sendable
  ) -> Field<Holder> { Field<Holder>(self, path) }

  private init<Inner>(_ inner: Field<Inner>, _ path: any WritableKeyPath<Root, Inner> & Sendable) {
    name = inner.name
    help = inner.help
    kinds = inner.kinds
    expected = inner.expected
    defaultText = inner.defaultText
    isNumber = inner.isNumber
    choices = inner.choices
    textOf = { inner.textOf($0[keyPath: path]) }
    setText = { root, text throws(AtelierError) in try inner.setText(&root[keyPath: path], text) }
    fillFrom = { root, other in inner.fillFrom(&root[keyPath: path], other[keyPath: path]) }
    setDefault = { root in inner.setDefault(&root[keyPath: path]) }
    checkValue = { root throws(AtelierError) in try inner.checkValue(root[keyPath: path]) }
    decodeValue = { root, container, key in try inner.decodeValue(&root[keyPath: path], container, key) }
    encodeValue = { root, container, key in try inner.encodeValue(root[keyPath: path], &container, key) }
  }
}

extension Field {
  /// The value as text, if there is one.
  package func text(of root: Root) -> String? { textOf(root) }

  /// Sets the value.
  ///
  /// - Throws: `invalidInput` that names the field, if the text is no such value.
  package func set(_ text: String, in root: inout Root) throws(AtelierError) { try setText(&root, text) }

  /// Takes the value of another where this has none.
  package func fill(_ root: inout Root, from other: Root) { fillFrom(&root, other) }

  /// Takes the default where this has no value.
  package func fillDefault(_ root: inout Root) { setDefault(&root) }

  /// - Throws: `invalidInput` that names the field, its value and what it may be.
  package func check(_ root: Root) throws(AtelierError) { try checkValue(root) }

  /// Reads the value from a JSON object; null says nothing.
  ///
  /// - Throws: `invalidInput` that names the field, if it has another type.
  package func decode(
    _ root: inout Root, from container: KeyedDecodingContainer<FieldKey>, _ key: FieldKey
  ) throws(AtelierError) {
    do {
      try decodeValue(&root, container, key)
    } catch let error as AtelierError {
      throw error
    } catch {
      throw AtelierError(.invalidInput, "The field '\(name)' is not \(expected).")
    }
  }

  /// Writes the value, if there is one.
  package func encode(
    _ root: Root, to container: inout KeyedEncodingContainer<FieldKey>, _ key: FieldKey
  ) throws { try encodeValue(root, &container, key) }

  /// Characters of a value that an error repeats.
  private static var quoted: Int { 60 }

  /// A number without needless digits.
  private static func short(_ value: some FieldValue) -> String {
    guard let number = value as? Double, number == number.rounded(), abs(number) < 1e15 else { return value.fieldText }
    return String(Int(number))
  }
}
