import Foundation
import TestSupport
import Testing

@testable import UnCLIP

/// A copy of a committed model that may be damaged.
struct ModelCopy {
  let folder: TemporaryFolder
  var path: String { folder.path + "/model" }

  init() throws {
    folder = try TemporaryFolder()
    let source = URL(filePath: #filePath).deletingLastPathComponent().path + "/Fixtures/models/narrow"
    try FileManager.default.copyItem(atPath: source, toPath: folder.path + "/model")
  }

  /// Changes a JSON file by its top-level keys; nil takes a key away.
  func edit(_ file: String, _ change: (inout [String: Any]) -> Void) throws {
    let url = URL(filePath: "\(path)/\(file)")
    var values = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
    change(&values)
    try JSONSerialization.data(withJSONObject: values, options: [.prettyPrinted]).write(to: url)
  }

  func digest() throws -> String { try ModelFolder(path: path).digest }

  /// A tensor as a safetensors file describes it.
  struct Stored {
    var type: String
    var shape: [Int]
    var bytes: Data
  }

  /// Writes the one file of weights of a part again, changed.
  func rewrite(_ part: String, stem: String, _ change: (inout [String: Stored]) -> Void) throws {
    let file = "\(path)/\(part)/\(stem).safetensors"
    var tensors = try Self.read(file)
    change(&tensors)
    try Self.write(tensors, to: file)
  }

  /// Writes the one file of weights of a part as shards, the tensors dealt out by `place`.
  func shard(_ part: String, stem: String, count: Int = 2, place: (Int) -> Int = { $0 }) throws {
    let file = "\(path)/\(part)/\(stem).safetensors"
    let tensors = try Self.read(file)
    var map: [String: String] = [:]
    for shard in 0..<count {
      let names = tensors.keys.sorted().enumerated().filter { place($0.offset) % count == shard }.map(\.element)
      for name in names { map[name] = "\(stem)-\(shard).safetensors" }
      try Self.write(
        tensors.filter { names.contains($0.key) }, to: "\(path)/\(part)/\(stem)-\(shard).safetensors")
    }
    try FileManager.default.removeItem(atPath: file)
    try JSONSerialization.data(withJSONObject: ["weight_map": map])
      .write(to: URL(filePath: "\(path)/\(part)/\(stem).safetensors.index.json"))
  }

  private static func read(_ file: String) throws -> [String: Stored] {
    let whole = try SafetensorsFile(path: file)
    return whole.entries.mapValues {
      Stored(type: $0.type.rawValue, shape: $0.shape, bytes: Data(whole.file.bytes[$0.range]))
    }
  }

  private static func write(_ tensors: [String: Stored], to file: String) throws {
    var header: [String: Any] = [:]
    var bytes = Data()
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      header[name] = [
        "dtype": tensor.type, "shape": tensor.shape,
        "data_offsets": [bytes.count, bytes.count + tensor.bytes.count],
      ]
      bytes.append(tensor.bytes)
    }
    let text = try JSONSerialization.data(withJSONObject: header)
    try (withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text + bytes)
      .write(to: URL(filePath: file))
  }
}
