import Foundation
import Synchronization
package import Tensor

/// The tensors of one part. Each is asked for by name and shape; what is missing, misshapen or left over
/// is an error that names it.
package final class WeightStore: Sendable {
  /// The folder, for errors.
  package let path: String
  private let files: [SafetensorsFile]
  private let places: [String: Int]
  private let consumed = Mutex<Set<String>>([])

  /// Buffers that some exporters save beside the parameters; they can be derived.
  private static let ignoredSuffixes = ["position_ids", "causal_attention_mask"]
  /// Names by which the diffusers and the transformers library save weights.
  private static let stems = ["diffusion_pytorch_model", "model"]

  /// Opens the weights in a part's folder: one safetensors file, or shards with an index. Half-precision
  /// variants (`.fp16`) are taken where there are no others.
  ///
  /// - Throws: `missing` if there are none, `malformed` if they cannot be read.
  package init(folder: String) throws(UnCLIPError) {
    path = folder
    var files: [SafetensorsFile] = []
    var places: [String: Int] = [:]
    for (name, promised) in try Self.shards(of: folder) {
      let file = try SafetensorsFile(path: "\(folder)/\(name)")
      if let missing = promised.subtracting(file.entries.keys).min() {
        throw UnCLIPError(
          .malformed,
          "Cannot read '\(folder)/\(name)': the index places the tensor '\(missing)' in it, but it has none.")
      }
      for tensor in file.entries.keys where places.updateValue(files.count, forKey: tensor) != nil {
        throw UnCLIPError(.malformed, "Cannot read '\(folder)': the tensor '\(tensor)' is in two shards.")
      }
      files.append(file)
    }
    self.files = files
    self.places = places
  }

  /// The files to open, each with the tensors that an index promises in it.
  private static func shards(of folder: String) throws(UnCLIPError) -> [(file: String, tensors: Set<String>)] {
    for variant in ["", ".fp16"] {
      for stem in stems {
        let single = "\(stem)\(variant).safetensors"
        if FileManager.default.fileExists(atPath: "\(folder)/\(single)") { return [(single, [])] }
        // The two libraries disagree on where the variant goes.
        for index in ["\(stem).safetensors.index\(variant).json", "\(stem)\(variant).safetensors.index.json"]
        where FileManager.default.fileExists(atPath: "\(folder)/\(index)") {
          return try shards(index: "\(folder)/\(index)")
        }
      }
    }
    throw UnCLIPError(
      .missing,
      "There are no weights in '\(folder)': neither diffusion_pytorch_model.safetensors nor model.safetensors, nor an index of shards. Weights in .bin files must be converted first."
    )
  }

  private static func shards(index: String) throws(UnCLIPError) -> [(file: String, tensors: Set<String>)] {
    guard case .object(let map)? = try JSONValue.object(ofFile: index)["weight_map"] else {
      throw UnCLIPError(.malformed, "Cannot read '\(index)': it has no 'weight_map'.")
    }
    var shards: [String: Set<String>] = [:]
    for (tensor, value) in map {
      guard case .string(let name) = value, !name.contains("/"), name.hasSuffix(".safetensors") else {
        throw UnCLIPError(
          .malformed,
          "Cannot read '\(index)': the tensor '\(tensor)' is said to be in \(value.text), which is no safetensors file beside it."
        )
      }
      shards[name, default: []].insert(tensor)
    }
    return shards.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Sorted.
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

  /// Number of values, bytes on disk and types of all parameters; derived buffers are left out.
  package var size: (parameters: Int, bytes: Int, types: Set<SafetensorsFile.ElementType>) {
    var size: (parameters: Int, bytes: Int, types: Set<SafetensorsFile.ElementType>) = (0, 0, [])
    for file in files {
      for (name, entry) in file.entries where !Self.isDerived(name) {
        size.parameters += entry.elements
        size.bytes += entry.range.count
        size.types.insert(entry.type)
      }
    }
    return size
  }

  static func isDerived(_ name: String) -> Bool { ignoredSuffixes.contains { name.hasSuffix($0) } }

  /// A tensor in single precision. Values that are stored so are not copied: the tensor borrows from the
  /// mapped file. Half and bfloat16 values are widened, doubles rounded.
  ///
  /// - Throws: `weights` if it is missing, of another shape, or not of floats.
  package func tensor(_ name: String, shape: [Int]) throws(UnCLIPError) -> Tensor {
    guard let place = places[name], let entry = files[place].entries[name] else {
      throw UnCLIPError(.weights, "Cannot use '\(path)': the tensor '\(name)' of shape \(shape) is missing.")
    }
    let file = files[place].file
    guard entry.shape == shape else {
      throw UnCLIPError(
        .weights, "Cannot read '\(file.path)': tensor '\(name)' has shape \(entry.shape), expected \(shape).")
    }
    consumed.withLock { _ = $0.insert(name) }
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.range])
    switch entry.type {
    case .float32:
      if let base = bytes.baseAddress, Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0 {
        return Tensor(shape: shape, borrowing: base.assumingMemoryBound(to: Float.self), owner: file)
      }
      return Tensor(shape: shape) { values in
        for index in values.indices { values[index] = bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
      }
    case .float64:
      return Tensor(shape: shape) { values in
        for index in values.indices {
          values[index] = Float(bytes.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
        }
      }
    case .float16: return Tensor(shape: shape) { HalfPrecision.widen(float16: bytes, to: $0) }
    case .bfloat16: return Tensor(shape: shape) { HalfPrecision.widen(bfloat16: bytes, to: $0) }
    case .bool, .uint8, .int8, .float8e4, .float8e5, .int16, .uint16, .int32, .uint32, .int64, .uint64:
      throw UnCLIPError(
        .weights,
        "Cannot read '\(file.path)': tensor '\(name)' is of type \(entry.type.rawValue); supported: F32, F16, BF16, F64."
      )
    }
  }

  /// - Throws: `weights` naming tensors that nobody asked for.
  package func requireAllConsumed() throws(UnCLIPError) {
    let used = consumed.withLock { $0 }
    let extra = places.keys.filter { !used.contains($0) && !Self.isDerived($0) }.sorted()
    guard !extra.isEmpty else { return }
    let named = extra.prefix(5).map { "'\($0)'" }.joined(separator: ", ") + (extra.count > 5 ? ", ..." : "")
    throw UnCLIPError(
      .weights,
      "Cannot use '\(path)': its configuration does not call for \(extra.count) of its tensors: \(named).")
  }
}
