import Tensor

extension WeightStore {
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

  /// Bytes of parameters that are used where they lie in the file, which processes share, and bytes that the
  /// others take once they are widened.
  package var memory: (mapped: Int, widened: Int) {
    var memory = (mapped: 0, widened: 0)
    for file in files {
      for (name, entry) in file.entries where !Self.isDerived(name) {
        // What has more than one dimension are weights of layers and tables, nearly all of it.
        let isWeights = entry.shape.count > 1 && entry.type.weight != nil && Self.isAligned(entry)
        if isWeights || Self.isBorrowed(entry) {
          memory.mapped += entry.range.count
        } else {
          memory.widened += Tensor.bytes(ofElements: entry.elements)
        }
      }
    }
    return memory
  }
}
