/// The values of a statement's named arguments: `["task": id, "state": state]` for `:task` and `:state`.
struct NamedValues: ExpressibleByDictionaryLiteral {
  typealias Key = StaticString
  typealias Value = (any StoredValue)?

  let elements: [(name: StaticString, value: Value)]

  init(dictionaryLiteral elements: (StaticString, Value)...) { self.elements = elements }
}
