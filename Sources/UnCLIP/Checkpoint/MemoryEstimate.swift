/// What a worker of one pool needs in memory with a model loaded, for one guided picture at a time.
///
/// How good it is: of `atelier render`, which holds both pools in one process, on two threads, the peak of resident
/// memory was 2,759 MB where this says 2,782 (a random model of 454 million parameters, 256 pixels, in single
/// precision). Each further thread takes a few megabytes, each further picture at a time the activations again.
package struct MemoryEstimate: Sendable, Codable, Equatable {
  /// `prior` or `decoder`, as workers are started. The image encoder is read when a request first needs it, and not counted.
  package var pool: String
  /// Weights of layers, used where they lie in the file; processes on one machine share them.
  package var mappedBytes: Int
  /// What is widened to single precision; each process has its own.
  package var widenedBytes: Int
  /// An estimate, from the shapes.
  package var activationBytes: Int
  /// All of it, with what the program itself takes.
  package var totalBytes: Int

  /// Program and libraries.
  private static let program = 32_000_000

  private init(pool: String, parts: [ModelPart], _ activations: ActivationEstimate) throws(UnCLIPError) {
    self.pool = pool
    (mappedBytes, widenedBytes) = (0, 0)
    for part in parts {
      let memory = try part.weights.memory
      mappedBytes += memory.mapped
      widenedBytes += memory.widened
    }
    activationBytes = activations.bytes
    totalBytes = mappedBytes + widenedBytes + activationBytes + Self.program
  }

  /// The estimates of a model that has been checked.
  static func all(_ model: ModelFolder) throws -> [MemoryEstimate] {
    let tokens = try model.part("text_encoder").config.positive("max_position_embeddings", default: 77)
    return [try prior(model, tokens: tokens), try decoder(model, tokens: tokens)]
  }

  private static func prior(_ model: ModelFolder, tokens: Int) throws -> MemoryEstimate {
    let text = try model.part("text_encoder")
    var activations = ActivationEstimate()
    activations.addBlocks(
      1, tokens: tokens, width: try text.config.positive("hidden_size", default: 512),
      hidden: try text.config.positive("intermediate_size", default: 2048), kept: 0)
    guard model.hasPrior else { return try MemoryEstimate(pool: "prior", parts: [text], activations) }
    let prior = try model.part("prior")
    let width =
      try prior.config.positive("num_attention_heads", default: 32)
      * prior.config.positive("attention_head_dim", default: 64)
    activations.addBlocks(
      try prior.config.positive("num_layers", default: 20),
      tokens: try prior.config.positive("num_embeddings", default: 77) + 4, width: width, hidden: 4 * width, kept: 2)
    return try MemoryEstimate(pool: "prior", parts: [text, prior], activations)
  }

  private static func decoder(_ model: ModelFolder, tokens: Int) throws -> MemoryEstimate {
    let (projection, decoder) = (try model.part("text_proj"), try model.part("decoder"))
    let extra = try projection.config.positive("clip_extra_context_tokens", default: 4)
    var parts = [projection, decoder]
    var activations = ActivationEstimate()
    activations.addUNet(try UNetConfiguration(decoder: decoder.config), rows: 2, tokens: tokens + extra)
    for step in model.cascade {
      let first = try model.part(step.first)
      parts.append(first)
      if let last = step.last { parts.append(try model.part(last)) }
      activations.addUNet(try UNetConfiguration(upsampler: first.config), rows: 1, tokens: 0)
    }
    return try MemoryEstimate(pool: "decoder", parts: parts, activations)
  }
}
