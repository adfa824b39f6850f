package import Tensor

/// An image embedding as a safetensors file: one tensor, `image_embedding`, of shape `[width]`.
package enum EmbeddingFile {
  private static let key = "image_embedding"

  /// Reads the tensor `image_embedding`, or the only one there is; `[width]` or `[1, width]`.
  ///
  /// - Parameter name: of the file, for errors.
  /// - Throws: ``UnCLIPError``: `request` if there is no such tensor, `malformed` if it is no safetensors file.
  package static func read(_ bytes: [UInt8], name: String) throws -> Tensor {
    try bytes.withUnsafeBytes { bytes in
      let entries = try SafetensorsFile.entries(of: bytes, path: name)
      guard let (_, entry) = entries.first(where: { $0.key == key }) ?? (entries.count == 1 ? entries.first : nil)
      else {
        throw UnCLIPError(
          .request, "Cannot use '\(name)': it has \(entries.count) tensors, and none of them is '\(key)'.")
      }
      guard entry.shape.count == 1 || entry.shape.count == 2 && entry.shape[0] == 1, let width = entry.shape.last,
        width > 0
      else {
        throw UnCLIPError(
          .request, "Cannot use '\(name)': its tensor has shape \(entry.shape); an embedding is one row.")
      }
      guard entry.type.isFloat else {
        throw UnCLIPError(
          .request,
          "Cannot use '\(name)': its tensor is of type \(entry.type.rawValue); supported: F64, F32, F16, BF16.")
      }
      let values = UnsafeRawBufferPointer(rebasing: bytes[entry.range])
      let embedding = Tensor(shape: [width]) { entry.type.read(values, to: $0) }
      guard embedding.withUnsafeBufferPointer({ $0.allSatisfy(\.isFinite) }) else {
        throw UnCLIPError(
          .request, "Cannot use '\(name)': its embedding holds values that are no numbers, or infinite.")
      }
      return embedding
    }
  }

  /// The bytes of a file with this embedding, in single precision.
  package static func encode(_ embedding: Tensor) -> [UInt8] {
    let values = embedding.array
    var header = "{\"\(key)\":{\"dtype\":\"F32\",\"shape\":[\(values.count)],\"data_offsets\":[0,\(values.count * 4)]}}"
    // The format asks for tensors that begin at multiples of eight bytes.
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    bytes += Array(header.utf8)
    for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) } }
    return bytes
  }
}
