import Tensor

/// Classifier-free guidance ("Classifier-Free Diffusion Guidance", 2022).
enum Guidance {
  /// unconditional + scale · (conditional - unconditional) for the first `count` elements of each;
  /// what follows them in the conditional prediction (variances) is kept as it is.
  ///
  /// - Parameter prediction: `[2, ...]`, the unconditional one first.
  /// - Returns: the shape of one prediction.
  static func combine(_ prediction: Tensor, scale: Double, count: Int) -> Tensor {
    let shape = Array(prediction.shape.dropFirst())
    let scale = Float(scale)
    let half = prediction.count / 2
    return Tensor(shape: shape) { out in
      prediction.withUnsafeBufferPointer { values in
        for i in 0..<count {
          let (unconditional, conditional) = (values[i], values[half + i])
          out[i] = unconditional + scale * (conditional - unconditional)
        }
        for i in count..<half { out[i] = values[half + i] }
      }
    }
  }
}
