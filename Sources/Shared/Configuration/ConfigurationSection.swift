import Yams

/// A mapping of the configuration file, read key by key. What nobody asked for is an error in the end,
/// so a misspelt key never passes in silence.
struct ConfigurationSection {
  private let file: String
  private let path: String?
  private let node: Node
  /// Keys that nobody has asked for yet.
  private var unread: [String: Node] = [:]
  private var order: [String] = []
  /// Where each key stands in the file, for errors.
  private var marks: [String: Mark] = [:]

  init(_ node: Node, key: String?, file: String) throws(AtelierError) {
    self.file = file
    self.node = node
    path = key
    guard case .mapping(let mapping) = node else {
      throw Self.error(file, node.mark, key ?? "the file", "a list of 'key: value' lines is expected")
    }
    for (keyNode, value) in mapping {
      guard let name = keyNode.string else {
        throw Self.error(file, keyNode.mark, key ?? "the file", "a key must be a word")
      }
      unread[name] = value
      marks[name] = keyNode.mark
      order.append(name)
    }
  }

  /// The keys that nobody has asked for yet, in their order: of a mapping whose keys are names.
  var keys: [String] { order.filter { unread[$0] != nil } }

  /// A mapping within this one; nil if it is left out. Like all that is asked for, it is known from then on.
  mutating func section(_ key: String) throws(AtelierError) -> ConfigurationSection? {
    guard let value = take(key) else { return nil }
    return try ConfigurationSection(value, key: qualified(key), file: file)
  }

  /// A list of mappings; empty if it is left out.
  mutating func sections(_ key: String) throws(AtelierError) -> [ConfigurationSection] {
    guard let value = take(key) else { return [] }
    guard case .sequence(let sequence) = value else {
      throw error(key, "a list is expected, each entry beginning with '-'")
    }
    var sections: [ConfigurationSection] = []
    for entry in sequence { sections.append(try ConfigurationSection(entry, key: qualified(key), file: file)) }
    return sections
  }

  /// Hands on a value that is given; one that is left out leaves the default. The same goes for numbers and times.
  ///
  /// - Throws: `configuration` with line and key, if it is no text.
  mutating func string(_ key: String, _ set: (String) -> Void) throws(AtelierError) {
    guard let value = take(key) else { return }
    guard let text = value.scalar?.string, !text.isEmpty else { throw error(key, "a text is expected") }
    set(text)
  }

  /// One of several words.
  mutating func word<Word: RawRepresentable<String> & CaseIterable>(
    _ key: String, _ set: (Word) -> Void
  ) throws(AtelierError) {
    guard let value = take(key) else { return }
    guard let word = value.scalar.flatMap({ Word(rawValue: $0.string) }) else {
      let words = Word.allCases.map(\.rawValue).joined(separator: " or ")
      throw error(key, "'\(value.scalar?.string ?? "")' is not \(words)")
    }
    set(word)
  }

  /// `true` or `false`.
  mutating func flag(_ key: String, _ set: (Bool) -> Void) throws(AtelierError) {
    guard let value = take(key) else { return }
    guard let isSet = value.bool else { throw error(key, "true or false is expected") }
    set(isSet)
  }

  /// A list of texts; empty if it is left out.
  mutating func strings(_ key: String) throws(AtelierError) -> [String] {
    guard let value = take(key) else { return [] }
    guard case .sequence(let sequence) = value else {
      throw error(key, "a list of texts is expected, such as [atelier.example.org]")
    }
    var texts: [String] = []
    for entry in sequence {
      guard let text = entry.scalar?.string, !text.isEmpty else { throw error(key, "each entry must be a text") }
      texts.append(text)
    }
    return texts
  }

  mutating func integer(_ key: String, in range: ClosedRange<Int>, _ set: (Int) -> Void) throws(AtelierError) {
    guard let value = take(key) else { return }
    guard let number = value.int, range.contains(number) else {
      throw error(
        key, "'\(value.scalar?.string ?? "")' is no whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    set(number)
  }

  /// A number with or without fraction.
  mutating func number(_ key: String, in range: ClosedRange<Double>, _ set: (Double) -> Void) throws(AtelierError) {
    guard let value = take(key) else { return }
    guard let number = value.float ?? value.int.map(Double.init), range.contains(number) else {
      throw error(
        key, "'\(value.scalar?.string ?? "")' is no number from \(range.lowerBound) to \(range.upperBound)")
    }
    set(number)
  }

  /// A length of time, given in seconds, with or without fraction.
  mutating func seconds(_ key: String, in range: ClosedRange<Double>, _ set: (Duration) -> Void) throws(AtelierError) {
    guard let value = take(key) else { return }
    guard let number = value.float ?? value.int.map(Double.init), range.contains(number) else {
      throw error(
        key, "'\(value.scalar?.string ?? "")' is no number of seconds from \(range.lowerBound) to \(range.upperBound)")
    }
    set(.seconds(number))
  }

  /// - Throws: if a key was not read, which means that it is not known.
  func finish() throws(AtelierError) {
    guard let key = order.first(where: { unread[$0] != nil }) else { return }
    throw error(key, "there is no such setting")
  }

  /// An error that names the file, the line and the key with all that it is in, such as `coordinator.http`.
  func error(_ key: String, _ reason: String) -> AtelierError {
    Self.error(file, marks[key] ?? node.mark, qualified(key), reason)
  }

  /// The value of a key, which counts as known from then on; nil if there is none.
  private mutating func take(_ key: String) -> Node? {
    guard let value = unread.removeValue(forKey: key) else { return nil }
    // `key:` with nothing behind it leaves the default.
    return value.tag == Tag(.null) ? nil : value
  }

  /// A key with all that it is in.
  private func qualified(_ key: String) -> String {
    path.map { "\($0).\(key)" } ?? key
  }

  private static func error(_ file: String, _ mark: Mark?, _ key: String, _ reason: String) -> AtelierError {
    AtelierError(.configuration, "\(file), line \(mark?.line ?? 1): '\(key)': \(reason).")
  }
}
