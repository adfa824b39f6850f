import Foundation
package import Tensor

/// The tensors of one part. Each is asked for by name and shape; what is missing, misshapen or left over
/// is an error that names it.
package final class WeightStore: @unchecked Sendable {
  /// The folder or file, for errors.
  package let path: String
  private let files: [SafetensorsFile]
  private let places: [String: Int]
  private let lock = NSLock()
  private var consumed: Set<String> = []

  /// Buffers that some exporters save beside the parameters; they can be derived.
  private static let ignoredSuffixes = ["position_ids", "causal_attention_mask"]

  /// Opens the weights in a part's folder: one safetensors file, or shards with an index.
  ///
  /// - Throws: `missing` if there are none, `malformed` if they cannot be read.
  package init(folder: String) throws(UnCLIPError) {
    let manager = FileManager.default
    var names: [String] = []
    for stem in ["diffusion_pytorch_model", "model"] {
      for variant in ["", ".fp16"] where names.isEmpty {
        let index = "\(folder)/\(stem).safetensors.index\(variant).json"
        if manager.fileExists(atPath: "\(folder)/\(stem)\(variant).safetensors") {
          names = ["\(stem)\(variant).safetensors"]
        } else if manager.fileExists(atPath: index) {
          names = try Self.shards(index: index)
        }
      }
    }
    guard !names.isEmpty else {
      throw UnCLIPError(
        .missing,
        "There are no safetensors weights in '\(folder)' (diffusion_pytorch_model.safetensors or model.safetensors). Weights in .bin files must be converted first.")
    }
    path = folder
    var files: [SafetensorsFile] = []
    var places: [String: Int] = [:]
    for name in names {
      let file = try SafetensorsFile(path: "\(folder)/\(name)")
      for tensor in file.entries.keys where places.updateValue(files.count, forKey: tensor) != nil {
        throw UnCLIPError(.malformed, "Cannot read '\(folder)': the tensor '\(tensor)' is in two shards.")
      }
      files.append(file)
    }
    self.files = files
    self.places = places
  }

  private static func shards(index: String) throws(UnCLIPError) -> [String] {
    guard case .object(let map)? = try JSONValue.object(ofFile: index)["weight_map"] else {
      throw UnCLIPError(.malformed, "Cannot read '\(index)': it has no 'weight_map'.")
    }
    var names: Set<String> = []
    for value in map.values {
      guard case .string(let name) = value, !name.contains("/") else {
        throw UnCLIPError(.malformed, "Cannot read '\(index)': a shard's name is \(value.text).")
      }
      names.insert(name)
    }
    return names.sorted()
  }

  package var names: [String] { places.keys.sorted() }

  package func entry(_ name: String) -> SafetensorsFile.Entry? {
    places[name].flatMap { files[$0].entries[name] }
  }

  package func shape(of name: String) -> [Int]? { entry(name)?.shape }

  package func has(_ name: String) -> Bool { places[name] != nil }

  /// The bytes of a tensor as they are in the file.
  package func bytes(of name: String) -> UnsafeRawBufferPointer? {
    guard let place = places[name], let entry = files[place].entries[name] else { return nil }
    return UnsafeRawBufferPointer(rebasing: files[place].file.bytes[entry.range])
  }

  /// A tensor in single precision. Values that are stored so are not copied: the tensor borrows from the
  /// mapped file. Half and bfloat16 values are widened.
  ///
  /// - Throws: `weights` if it is missing or of another shape.
  package func tensor(_ name: String, shape: [Int]) throws(UnCLIPError) -> Tensor {
    guard let place = places[name], let entry = files[place].entries[name] else {
      throw UnCLIPError(.weights, "Cannot use '\(path)': the tensor '\(name)' of shape \(shape) is missing.")
    }
    guard entry.shape == shape else {
      throw UnCLIPError(
        .weights, "Cannot use '\(path)': tensor '\(name)' has shape \(entry.shape), expected \(shape).")
    }
    lock.withLock { _ = consumed.insert(name) }
    let file = files[place].file
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.range])
    switch entry.type {
    case .float32:
      if let base = bytes.baseAddress, Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0 {
        return Tensor(shape: shape, borrowing: base.assumingMemoryBound(to: Float.self), owner: file)
      }
      return Tensor(shape: shape) { values in
        for index in values.indices { values[index] = bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
      }
    case .float16:
      return Tensor(shape: shape) { HalfPrecision.widen(float16: bytes, to: $0) }
    case .bfloat16:
      return Tensor(shape: shape) { HalfPrecision.widen(bfloat16: bytes, to: $0) }
    case .int64:
      throw UnCLIPError(.weights, "Cannot use '\(path)': tensor '\(name)' holds whole numbers, expected floats.")
    }
  }

  /// - Throws: `weights` naming tensors that nobody asked for.
  package func requireAllConsumed() throws(UnCLIPError) {
    let extra = lock.withLock { places.keys.filter { !consumed.contains($0) } }
      .filter { name in !Self.ignoredSuffixes.contains { name.hasSuffix($0) } }.sorted()
    guard !extra.isEmpty else { return }
    let named = extra.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
    throw UnCLIPError(
      .weights,
      "Cannot use '\(path)': it has \(extra.count) tensors that its configuration does not call for: \(named)\(extra.count > 5 ? ", ..." : "").")
  }
}
