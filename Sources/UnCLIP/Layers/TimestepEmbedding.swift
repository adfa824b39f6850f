import Glibc
import Tensor

/// The sinusoidal embedding of a timestep and the two linear layers after it.
///
/// "Attention Is All You Need", section 3.5, with the halves in the order and the frequencies with
/// the shift that the configuration names.
struct TimestepEmbedding: Sendable {
  let first: Linear
  let second: Linear
  let activation: Activation
  private let width: Int
  private let cosineFirst: Bool
  private let frequencies: [Float]

  /// Reads `<name>.linear_1` and `<name>.linear_2`.
  ///
  /// - Parameters:
  ///   - width: of the sinusoids; an odd one ends with a zero.
  ///   - hidden: outputs of the first layer; `outer` those of the second.
  init(
    _ weights: WeightStore, _ name: String, width: Int, hidden: Int, outer: Int,
    cosineFirst: Bool, frequencyShift: Double, activation: Activation
  ) throws {
    first = try Linear(weights, "\(name).linear_1", from: width, to: hidden)
    second = try Linear(weights, "\(name).linear_2", from: hidden, to: outer)
    self.activation = activation
    self.width = width
    self.cosineFirst = cosineFirst
    let half = width / 2
    // Rounded to single precision where the reference rounds.
    let rate = Float(-log(10_000.0))
    frequencies = (0..<half).map {
      let exponent = rate * Float($0) / Float(Double(half) - frequencyShift)
      return Float(exp(Double(exponent)))
    }
  }

  /// The sinusoids alone: `[1, 1, width]`.
  func sinusoids(_ timestep: Int) -> Tensor {
    let angles = frequencies.map { Double(Float(timestep) * $0) }
    let (sines, cosines) = (angles.map { Float(sin($0)) }, angles.map { Float(cos($0)) })
    var values = cosineFirst ? cosines + sines : sines + cosines
    if values.count < width { values.append(0) }
    return Tensor(values, shape: [1, 1, width])
  }

  /// The embedding of one timestep: `[1, 1, outer]`.
  func callAsFunction(_ compute: Compute, _ timestep: Int) -> Tensor {
    second(compute, first(compute, sinusoids(timestep), activation: activation))
  }
}
