import Tensor

@testable import UnCLIP

/// The header of a file of weights, and an embedding that a request names: tensors lie in the file, each as long as its
/// shape says, none over another; an embedding that is read and written is read as the same.
func fuzzSafetensors(_ bytes: [UInt8]) throws {
  let entries = try bytes.withUnsafeBytes { try SafetensorsFile.entries(of: $0, path: "f") }
  var covered = 0
  for (name, entry) in entries {
    expect(entry.range.lowerBound >= 8 && entry.range.upperBound <= bytes.count, "'\(name)' lies in the file")
    expect(entry.shape.reduce(entry.type.size, *) == entry.range.count, "'\(name)' is as long as its shape says")
    covered += entry.range.count
  }
  expect(covered <= bytes.count - 8, "tensors do not overlap")
  let embedding = try EmbeddingFile.read(bytes, name: "f")
  let again = must("an embedding is read again") {
    try EmbeddingFile.read(EmbeddingFile.encode(embedding), name: "f")
  }
  expect(again.shape == embedding.shape && again.array == embedding.array, "an embedding is written as it was read")
}
