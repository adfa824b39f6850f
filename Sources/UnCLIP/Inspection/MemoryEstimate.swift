import Tensor

/// What a worker of one pool needs in memory with a model loaded, for one guided picture at a time.
///
/// The stages say it themselves: they run on tensors without elements, which are counted only
/// (``BufferPool/bytes(of:)``), in a tenth of a second for three billion parameters.
///
/// How good it is, on two threads: stages of Karlo's size in half precision came to 2,313 MB of resident memory (prior)
/// and 8,449 MB (decoder and upsampler) where this says 2,318 and 8,466; those of the bundled model to 38 and 175 MB
/// where it says 46 and 181. Each further thread takes a few megabytes, each further picture at a time the activations
/// again.
package struct MemoryEstimate: Sendable, Codable, Equatable {
  /// `prior` or `decoder`, as workers are started. The image encoder is not counted: it is read when a request first
  /// needs it.
  package var pool: String
  /// Weights of layers, used where they lie in the file; processes on one machine share them.
  package var mappedBytes: Int
  /// What is widened to single precision; each process has its own.
  package var widenedBytes: Int
  /// Buffers of the activations, as the stages themselves take them.
  package var activationBytes: Int
  /// All of it, with what the program itself takes.
  package var totalBytes: Int

  /// Program and libraries.
  private static let program = 32_000_000

  private init(pool: String, parts: [ModelPart], activations: Int) throws(UnCLIPError) {
    self.pool = pool
    (mappedBytes, widenedBytes) = (0, 0)
    for part in parts {
      let memory = try part.weights.memory
      mappedBytes += memory.mapped
      widenedBytes += memory.widened
    }
    activationBytes = activations
    totalBytes = mappedBytes + widenedBytes + activationBytes + Self.program
  }

  /// The estimates of a model that has been checked.
  static func all(_ model: ModelFolder) throws -> [MemoryEstimate] {
    [try prior(model), try decoder(model)]
  }

  /// Each stage takes the same buffers in every step, the last one included, which may have weights of its own.
  private static let request = PictureRequest(prompt: "", seed: 0, priorSteps: 2, decoderSteps: 2, superResSteps: 2)

  private static func prior(_ model: ModelFolder) throws -> MemoryEstimate {
    let threads = ThreadPool(threads: 1)
    let text = try TextEncoderStage(model: model, threads: threads)
    let prior = model.hasPrior ? try PriorStage(model: model, text: text, threads: threads) : nil
    let conditioning = try conditioning(tokens: text.tokens, width: text.width, embeddingWidth: text.embeddingWidth)
    let activations = try BufferPool.bytes {
      _ = try text.encode(prompt: "")
      _ = try prior?.run(request, text: conditioning).complete()
    }
    let parts = ["text_encoder"] + (model.hasPrior ? ["prior"] : [])
    return try MemoryEstimate(pool: "prior", parts: parts.map { try model.part($0) }, activations: activations)
  }

  private static func decoder(_ model: ModelFolder) throws -> MemoryEstimate {
    let threads = ThreadPool(threads: 1)
    let text = try TextEncoderStage(model: model, threads: threads)
    let decoder = try DecoderStage(model: model, threads: threads)
    let upsampler = try UpsamplerStage(model: model, threads: threads)
    let conditioning = try conditioning(tokens: text.tokens, width: text.width, embeddingWidth: text.embeddingWidth)
    let activations = try BufferPool.bytes {
      var picture = try decoder.run(
        request, text: conditioning, imageEmbedding: Tensor(zeros: [decoder.embeddingWidth])
      ).complete()
      for pass in 0..<upsampler.passCount {
        picture = try upsampler.run(request, baseImage: picture, pass: pass).complete()
      }
    }
    let parts = ["text_proj", "decoder"] + model.upsamplers
    return try MemoryEstimate(pool: "decoder", parts: parts.map { try model.part($0) }, activations: activations)
  }

  /// Two texts that fill every token, which take the most.
  private static func conditioning(tokens: Int, width: Int, embeddingWidth: Int) throws -> TextConditioning {
    try TextConditioning(
      hiddenStates: Tensor(zeros: [2, tokens, width]), embedding: Tensor(zeros: [2, embeddingWidth]),
      mask: Tensor(Array(repeating: 1, count: 2 * tokens), shape: [2, tokens]))
  }
}
