package import Tensor

/// What the text encoder made of a prompt and of the negative prompt: the artifact that the prior
/// and the decoder share.
///
/// Row 0 of each part belongs to the negative prompt (unconditional when it is empty), row 1 to the
/// prompt.
package struct TextConditioning: Sendable {
  /// `[2, tokens, width]`
  package let hiddenStates: Tensor
  /// `[2, embeddingWidth]`
  package let embedding: Tensor
  /// `[2, tokens]`: 1 for a token of the text, 0 for padding.
  package let mask: Tensor

  /// Checks that the parts fit together.
  package init(hiddenStates: Tensor, embedding: Tensor, mask: Tensor) throws {
    guard hiddenStates.shape.count == 3, hiddenStates.shape[0] == 2, embedding.shape.count == 2,
      embedding.shape[0] == 2, mask.shape == [2, hiddenStates.shape[1]]
    else {
      throw UnCLIPError(
        .request,
        """
        Text states of shapes \(hiddenStates.shape), \(embedding.shape) and \(mask.shape) do not \
        belong together; expected [2, tokens, width], [2, width] and [2, tokens].
        """)
    }
    self.hiddenStates = hiddenStates
    self.embedding = embedding
    self.mask = mask
  }

  /// Tokens of row `row` that are text.
  func positions(_ row: Int) -> [Int] {
    let tokens = mask.shape[1]
    return mask.withUnsafeBufferPointer { values in
      (0..<tokens).filter { values[row * tokens + $0] != 0 }
    }
  }

  /// The states of the text tokens of row `row`: `[text tokens, width]`.
  ///
  /// The reference gives padding a score of -10,000, whose exponential is zero in single precision;
  /// leaving the padding out gives the same sums with less work.
  func textStates(_ row: Int, _ compute: Compute) -> Tensor {
    let (tokens, width) = (hiddenStates.shape[1], hiddenStates.shape[2])
    let table = hiddenStates.reshaped([2 * tokens, width])
    return compute.gather(table, rows: positions(row).map { row * tokens + $0 })
  }

  /// The rows that a run uses: both with guidance, the prompt's alone without.
  static func rows(guided: Bool) -> [Int] { guided ? [0, 1] : [1] }
}
