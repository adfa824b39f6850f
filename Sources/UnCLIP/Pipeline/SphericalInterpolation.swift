import Glibc
import Tensor

/// Ways between two embeddings along the sphere on which CLIP's embeddings lie.
///
/// "Hierarchical Text-Conditional Image Generation with CLIP Latents" (2022), sections 3.2 and 3.3.
enum SphericalInterpolation {
  /// The embedding at `fraction` of the way from `first` to `second`, both `[width]`. Their lengths blend too;
  /// embeddings of one direction are blended in a straight line.
  static func between(_ first: Tensor, _ second: Tensor, fraction: Double) -> Tensor {
    let (a, b) = (first.array, second.array)
    let cosine = dot(a, b) / max(norm(a) * norm(b), .leastNormalMagnitude)
    let angle = acos(min(max(cosine, -1), 1))
    var (near, far) = (1 - fraction, fraction)
    if sin(angle) > 1e-6 {
      near = sin((1 - fraction) * angle) / sin(angle)
      far = sin(fraction * angle) / sin(angle)
    }
    return Tensor(a.indices.map { Float(near * Double(a[$0]) + far * Double(b[$0])) }, shape: first.shape)
  }

  /// `embedding` moved by `strength` of the way towards the direction of `to` - `from`, at its own length.
  static func moved(_ embedding: Tensor, from: Tensor, to: Tensor, strength: Double) -> Tensor {
    let (source, target) = (normalised(from), normalised(to))
    let difference = source.indices.map { target[$0] - source[$0] }
    let length = norm(difference)
    // Captions that mean the same move nothing.
    guard length > 0 else { return embedding }
    let scale = norm(embedding.array) / length
    let direction = Tensor(difference.map { Float(Double($0) * scale) }, shape: embedding.shape)
    return between(embedding, direction, fraction: strength)
  }

  /// The cosine of the angle between two embeddings.
  static func cosine(_ first: Tensor, _ second: Tensor) -> Double {
    let (a, b) = (first.array, second.array)
    return dot(a, b) / max(norm(a) * norm(b), .leastNormalMagnitude)
  }

  private static func normalised(_ embedding: Tensor) -> [Float] {
    let values = embedding.array
    let length = max(norm(values), .leastNormalMagnitude)
    return values.map { Float(Double($0) / length) }
  }

  private static func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  private static func norm(_ a: [Float]) -> Double { dot(a, a).squareRoot() }
}
