import Foundation

/// What a model folder says beyond diffusers' layout: the key `atelier` of `model_index.json`, or a file
/// `atelier.json` beside it, which leaves the index as diffusers wrote it. The index goes first, key by key.
struct ModelExtension {
  private static let keys: Set<String> = ["cascade", "defaults", "words"]
  private let sources: [Config]

  /// - Throws: `malformed` if the file is no JSON object, `unsupported` if it says what is not known.
  init(_ index: Config, folder: String) throws(UnCLIPError) {
    var sources: [Config] = []
    if case .object(let values)? = index.value("atelier") { sources.append(Config(path: index.path, values: values)) }
    let file = folder + "/atelier.json"
    if FileManager.default.fileExists(atPath: file) { sources.append(try Config(path: file)) }
    for source in sources { try source.requireNoOther(than: Self.keys) }
    self.sources = sources
  }

  /// The object under a key.
  func object(_ key: String) throws(UnCLIPError) -> Config? {
    guard let source = sources.first(where: { $0.has(key) }) else { return nil }
    guard case .object(let values)? = source.value(key) else {
      throw source.refused(key, source.value(key)?.text ?? "", "it must be an object")
    }
    return Config(path: source.path, values: values)
  }

  /// The objects in the list under a key.
  func objects(_ key: String) throws(UnCLIPError) -> [Config]? {
    guard let source = sources.first(where: { $0.has(key) }) else { return nil }
    guard case .array(let elements)? = source.value(key) else {
      throw source.refused(key, source.value(key)?.text ?? "", "it must be a list of objects")
    }
    var configs: [Config] = []
    for element in elements {
      guard case .object(let values) = element else {
        throw source.refused(key, element.text, "it must be a list of objects")
      }
      configs.append(Config(path: source.path, values: values))
    }
    return configs
  }

  /// The texts in the list under a key.
  func texts(_ key: String) throws(UnCLIPError) -> [String]? {
    guard let source = sources.first(where: { $0.has(key) }) else { return nil }
    return try source.strings(key)
  }
}

extension Config {
  /// Refuses a key that nobody reads, such as a misspelt one, whose value would else be lost silently.
  func requireNoOther(than keys: Set<String>) throws(UnCLIPError) {
    guard let key = values.keys.filter({ !keys.contains($0) }).min() else { return }
    throw refusal(key, "known here: " + keys.sorted().joined(separator: ", "))
  }
}
