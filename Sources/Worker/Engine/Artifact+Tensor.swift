package import Shared
package import Tensor

extension Artifact {
  /// The tensor's values, as they travel: 32-bit floats, little-endian, the last side of the shape running fastest.
  init(_ kind: Kind, _ tensor: Tensor) {
    self.init(
      kind: kind, type: .float32, shape: tensor.shape,
      bytes: tensor.withUnsafeBufferPointer { Array(UnsafeRawBufferPointer($0)) })
  }

  /// The values as a tensor.
  ///
  /// - Throws: `malformed` if they are no floats of this shape.
  package var tensor: Tensor {
    get throws(AtelierError) {
      guard type == .float32, hasConsistentSize else {
        throw AtelierError(
          .malformed,
          "The \(kind.rawValue) has \(bytes.count) bytes of type \(type.rawValue), which are no floats of shape \(shape)."
        )
      }
      return bytes.withUnsafeBytes { bytes in
        Tensor(shape: shape) { values in
          for index in values.indices {
            values[index] = bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self)
          }
        }
      }
    }
  }
}
