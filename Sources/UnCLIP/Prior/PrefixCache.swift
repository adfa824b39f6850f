import Synchronization
import Tensor

/// The prefix of the text that was asked for last.
final class PrefixCache: Sendable {
  private struct Entry: Sendable {
    let states: [Float]
    let embedding: [Float]
    let positions: [Int]
    let prefix: PriorTransformer.Prefix
  }

  private let last = Mutex<Entry?>(nil)

  /// The prefix of row `row` of a text: the kept one if the text is the same to the bit, else what `make` makes.
  func prefix(
    of text: TextConditioning, _ row: Int, make: () -> PriorTransformer.Prefix
  ) -> PriorTransformer.Prefix {
    let states = text.hiddenStates.rows(row..<row + 1).array
    let embedding = text.embedding.rows(row..<row + 1).array
    let positions = text.positions(row)
    return last.withLock { last in
      if let last, last.positions == positions, last.embedding == embedding, last.states == states {
        return last.prefix
      }
      let prefix = make()
      last = Entry(states: states, embedding: embedding, positions: positions, prefix: prefix)
      return prefix
    }
  }
}
