package import Tensor

/// From texts to what CLIP makes of them: tokenizer and text encoder.
package struct TextEncoderStage: Sendable {
  private let tokenizer: Tokenizer
  private let encoder: CLIPTextEncoder
  private let compute: Compute

  /// Reads the tokenizer and the text encoder.
  ///
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  package init(model: ModelFolder, threads: ThreadPool) throws {
    compute = Compute(threads: threads)
    tokenizer = try Tokenizer(model: model)
    encoder = try CLIPTextEncoder(model.part("text_encoder"))
    let config = try model.part("text_encoder").config
    guard tokenizer.length <= encoder.positions else {
      throw config.refused(
        "max_position_embeddings", "\(encoder.positions)", "the tokenizer gives \(tokenizer.length) tokens")
    }
    // Begin, end and padding, which every text has; a rare word beyond the table is told when it comes.
    let last = tokenizer.encode("").ids.max() ?? 0
    guard last < encoder.vocabulary else {
      throw config.refused("vocab_size", "\(encoder.vocabulary)", "the tokenizer gives the token \(last)")
    }
  }

  /// Tokens of a sequence, padding included.
  var tokens: Int { tokenizer.length }
  /// Width of a hidden state.
  var width: Int { encoder.width }
  /// Width of an embedding.
  package var embeddingWidth: Int { encoder.embeddingWidth }

  /// Encodes a prompt and its negative; the result serves all pictures of the prompt.
  package func encode(prompt: String, negativePrompt: String = "") throws -> TextConditioning {
    let sequences = [negativePrompt, prompt].map { tokenizer.encode($0) }
    let outputs = try sequences.map { try encoder(compute, ids: $0.ids) }
    let tokens = sequences[0].ids.count
    let mask = sequences.flatMap { $0.mask.map { $0 ? Float(1) : 0 } }
    return try TextConditioning(
      hiddenStates: Tensor.stack(outputs.map { $0.hiddenStates }).reshaped([2, tokens, encoder.width]),
      embedding: Tensor.stack(outputs.map { $0.embedding }).reshaped([2, encoder.embeddingWidth]),
      mask: Tensor(mask, shape: [2, tokens]))
  }

  /// The embedding of one text, `[embeddingWidth]`, in the space that texts and pictures share.
  package func embed(_ text: String) throws -> Tensor {
    try encoder(compute, ids: tokenizer.encode(text).ids).embedding
  }
}
