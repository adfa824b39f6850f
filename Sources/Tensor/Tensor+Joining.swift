extension Tensor {
  /// Joins tensors along the first dimension; the other extents must agree.
  package static func stack(_ parts: [Tensor]) -> Tensor {
    let rows = parts.reduce(0) { $0 + $1.shape[0] }
    let shape = [rows] + parts[0].shape.dropFirst()
    return Tensor(shape: shape) { out in
      var offset = 0
      for part in parts {
        part.withUnsafeBufferPointer { source in
          let region = UnsafeMutableBufferPointer(rebasing: out[offset..<offset + source.count])
          _ = region.update(fromContentsOf: source)
        }
        offset += part.count
      }
    }
  }

  /// Rows `range` of the first dimension, copied.
  package func rows(_ range: Range<Int>) -> Tensor {
    let width = shape.dropFirst().reduce(1, *)
    return Tensor(shape: [range.count] + shape.dropFirst()) { out in
      withUnsafeBufferPointer { source in
        let part = UnsafeBufferPointer(
          rebasing: source[range.lowerBound * width..<range.upperBound * width])
        _ = out.update(fromContentsOf: part)
      }
    }
  }

  /// Tokens of several heads, `[1, tokens, heads · d]`, head by head: `[heads, tokens, d]`, copied.
  package func byHeads(_ heads: Int) -> Tensor {
    let (tokens, width) = (shape[1], shape[2])
    let d = width / heads
    return Tensor(shape: [heads, tokens, d]) { out in
      withUnsafeBufferPointer { source in
        for head in 0..<heads {
          for token in 0..<tokens {
            let from = UnsafeBufferPointer(rebasing: source[token * width + head * d..<token * width + (head + 1) * d])
            _ = UnsafeMutableBufferPointer(rebasing: out[(head * tokens + token) * d..<(head * tokens + token + 1) * d])
              .update(fromContentsOf: from)
          }
        }
      }
    }
  }

  /// A matrix with rows and columns exchanged, copied.
  package var transposed: Tensor {
    let (height, width) = (shape[0], shape[1])
    return Tensor(shape: [width, height]) { out in
      withUnsafeBufferPointer { source in
        for row in 0..<height {
          for column in 0..<width { out[column * height + row] = source[row * width + column] }
        }
      }
    }
  }
}
