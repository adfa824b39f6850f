/// A tokenized prompt, padded to the model's length.
package struct TokenSequence: Sendable, Equatable {
  package var ids: [Int]
  /// True for the prompt's own tokens, begin and end included; false for padding.
  package var mask: [Bool]
}
