import Tensor

/// Readings of a configuration that check what the engine relies on.
extension Config {
  /// More than any width, count or size of a model that fits into a machine; products of two such numbers do
  /// not overflow.
  static var largest: Int { 1 << 24 }

  /// A whole number in 1 ... `limit`; `standard` is what an absent key means.
  func positive(_ key: String, default standard: Int? = nil, limit: Int = Config.largest) throws(UnCLIPError) -> Int {
    let number: Int
    if let standard { number = try int(key, default: standard) } else { number = try int(key) }
    guard (1...limit).contains(number) else { throw refusal(key, "it must lie in 1 to \(limit)") }
    return number
  }

  /// A positive number that divides `whole`, the value of another key.
  func divisor(_ key: String, of whole: Int, named other: String, default standard: Int)
    throws(UnCLIPError) -> Int
  {
    let number = try positive(key, default: standard)
    guard whole % number == 0 else {
      throw refusal(key, "it must divide '\(other)', which is \(whole)")
    }
    return number
  }

  /// A number that may be none: an explicit null is none, an absent key is `standard`.
  func optionalInt(_ key: String, default standard: Int?) throws(UnCLIPError) -> Int? {
    values[key] == .null ? nil : try optionalInt(key) ?? standard
  }

  /// A text that may be none: an explicit null is none, an absent key is `standard`.
  func optionalString(_ key: String, default standard: String?) throws(UnCLIPError) -> String? {
    values[key] == .null ? nil : try optionalString(key) ?? standard
  }

  /// The activation that a key names.
  func activation(_ key: String, default standard: String) throws(UnCLIPError) -> Activation {
    let name = try string(key, default: standard)
    guard let activation = Activation(configName: name) else {
      throw refusal(key, "supported: silu, swish, gelu, quick_gelu, relu")
    }
    return activation
  }

  /// One number for all levels, or a list with one for each; an absent key means `standard`.
  func intPerLevel(_ key: String, levels: Int, default standard: Int) throws(UnCLIPError) -> [Int] {
    let numbers: [Int]
    if case .array? = value(key) {
      numbers = try ints(key)
    } else {
      numbers = Array(repeating: try int(key, default: standard), count: levels)
    }
    guard numbers.count == levels, numbers.allSatisfy({ (1...Self.largest).contains($0) }) else {
      throw refusal(key, "expected a positive number, or \(levels) of them")
    }
    return numbers
  }

  /// A list of `count` names, all of them among `allowed`.
  func kinds(_ key: String, _ allowed: [String], count: Int) throws(UnCLIPError) -> [String] {
    let names = try strings(key)
    guard names.count == count, names.allSatisfy(allowed.contains) else {
      throw refusal(key, "expected \(count) of: \(allowed.joined(separator: ", "))")
    }
    return names
  }

  /// Height and width of a picture. Nothing else in a model bounds it, so this does: the largest unCLIP models make
  /// 1024, and at four times that a layer of the U-Net fills any machine.
  func sampleSize() throws(UnCLIPError) -> Int { try positive("sample_size", limit: 2048) }

  /// The side of a kernel, which must be odd so that the picture keeps its size; absent means 3.
  func oddKernel(_ key: String) throws(UnCLIPError) -> Int {
    let side = try positive(key, default: 3, limit: 99)
    guard side % 2 == 1 else { throw refusal(key, "only odd kernels are supported") }
    return side
  }

  /// Refuses a configuration that was written for another class.
  func requireClass(_ name: String) throws(UnCLIPError) { try require("_class_name", .string(name)) }

  /// Refuses keys that are set.
  func requireAbsent(_ keys: [String]) throws(UnCLIPError) {
    for key in keys { try requireAbsent(key) }
  }

  /// Refuses an explicit null where the library's default is a value.
  func requireNotNull(_ keys: [String]) throws(UnCLIPError) {
    for key in keys where values[key] == .null {
      throw refused(key, "null", "only models with it are supported")
    }
  }

  /// Refuses a flag, or a flag a level, that is true.
  func requireFalse(_ key: String) throws(UnCLIPError) {
    switch value(key) {
    case nil, .bool(false)?: return
    case .array(let flags)? where flags.allSatisfy({ $0 == .bool(false) }): return
    default: throw refusal(key, "supported: false")
    }
  }

  /// Refuses what a key says, for `reason`.
  func refusal(_ key: String, _ reason: String) -> UnCLIPError {
    refused(key, value(key)?.text ?? "absent", reason)
  }
}
