import Tensor

/// The prior's loops of several pictures in step: each step asks the model about all of them at once, so that its
/// weights are read once.
///
/// A picture's embedding is the same, to the byte, as when it is made by itself.
package final class PriorBatch: Sequence, IteratorProtocol {
  /// One a picture, in the order of the requests.
  package let runs: [DenoisingRun]
  private let predict: ([Tensor], Int) -> [Tensor]

  /// - Parameters:
  ///   - runs: of the same timesteps.
  ///   - predict: (noised embeddings, timestep) to clean ones.
  init(_ runs: [DenoisingRun], predict: @escaping ([Tensor], Int) -> [Tensor]) {
    self.runs = runs
    self.predict = predict
  }

  package func next() -> DenoisingStep? {
    let inputs = runs.compactMap { $0.nextInput }
    guard let first = inputs.first else { return nil }
    let outputs = predict(inputs.map { $0.sample }, first.timestep)
    return zip(runs, outputs).map { $0.step(with: $1) }.last
  }
}
