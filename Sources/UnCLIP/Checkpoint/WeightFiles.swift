import Foundation

/// Which files of a folder hold a part's weights.
enum WeightFiles {
  /// Names by which the diffusers and the transformers library save weights.
  private static let stems = ["diffusion_pytorch_model", "model"]

  /// The files to open, each with the tensors that an index promises in it.
  static func all(of folder: String) throws(UnCLIPError) -> [(file: String, tensors: Set<String>)] {
    for variant in ["", ".fp16"] {
      for stem in stems {
        let single = "\(stem)\(variant).safetensors"
        let hasSingle = FileManager.default.fileExists(atPath: "\(folder)/\(single)")
        // Where there is both, transformers takes the file and diffusers the index.
        if hasSingle, stem == "model" { return [(single, [])] }
        // The two libraries disagree on where the variant goes.
        for index in ["\(stem).safetensors.index\(variant).json", "\(stem)\(variant).safetensors.index.json"]
        where FileManager.default.fileExists(atPath: "\(folder)/\(index)") {
          return try all(index: "\(folder)/\(index)")
        }
        if hasSingle { return [(single, [])] }
      }
    }
    if let reason = nearMiss(in: folder) {
      throw UnCLIPError(.missing, "There are no weights in '\(folder)' that can be used: \(reason)")
    }
    throw UnCLIPError(
      .missing,
      "There are no weights in '\(folder)': neither diffusion_pytorch_model.safetensors nor model.safetensors, nor an index of shards. Weights in .bin files must be converted first."
    )
  }

  /// What there is instead of weights, if it looks like weights, and what to do about it.
  private static func nearMiss(in folder: String) -> String? {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
      .filter { name in stems.contains { name.hasPrefix($0) } && name.contains(".safetensors") }
    for name in names {
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)"),
        !FileManager.default.fileExists(atPath: "\(folder)/\(name)")
      else { continue }
      return "'\(name)' is a link to '\(target)', which is not there. Copy the model with the files behind its links."
    }
    if let shard = names.first(where: { $0.contains("-of-") }) {
      return "'\(shard)' is a shard without the index that says what is in it. Fetch the '.safetensors.index.json' too."
    }
    if let variant = names.first {
      return "'\(variant)' is of a variant that is not looked for; only '.fp16' is. Rename it, without the variant."
    }
    return nil
  }

  private static func all(index: String) throws(UnCLIPError) -> [(file: String, tensors: Set<String>)] {
    guard case .object(let map)? = try JSONValue.object(ofFile: index)["weight_map"] else {
      throw UnCLIPError(.malformed, "Cannot read '\(index)': it has no 'weight_map'.")
    }
    guard !map.isEmpty else { throw UnCLIPError(.malformed, "Cannot read '\(index)': its 'weight_map' is empty.") }
    var shards: [String: Set<String>] = [:]
    for (tensor, value) in map.inOrder {
      guard case .string(let name) = value, name.hasSuffix(".safetensors"),
        !name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") })
      else {
        throw UnCLIPError(
          .malformed,
          "Cannot read '\(index)': the tensor '\(tensor)' is said to be in \(value.text), which is no safetensors file beside it."
        )
      }
      shards[name, default: []].insert(tensor)
    }
    return shards.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
