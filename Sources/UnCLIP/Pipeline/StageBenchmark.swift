package import Tensor

/// Evaluations of one stage's model on random inputs, to be timed.
///
/// Loads only the parts that the stage evaluates, so that memory can be measured too.
package struct StageBenchmark: Sendable {
  /// What does not change between steps, such as the prior's text prefix.
  package let prepare: @Sendable () -> Void
  /// One evaluation of the model for `batch` rows.
  package let step: @Sendable () -> Void

  /// - Parameters:
  ///   - batch: rows evaluated at once; a guided picture has two.
  /// - Throws: ``UnCLIPError`` naming the file and what is wrong with it.
  package init(model: ModelFolder, stage: DenoisingStage, batch: Int, threads: ThreadPool) throws {
    let compute = Compute(threads: threads)
    switch stage {
    case .prior: (prepare, step) = try Self.prior(model, batch, compute)
    case .decoder: (prepare, step) = try Self.decoder(model, batch, compute)
    case .upsampler: (prepare, step) = try Self.upsampler(model, batch, compute)
    }
  }

  private typealias Work = (@Sendable () -> Void, @Sendable () -> Void)

  /// A timestep in the middle of any schedule.
  private static let timestep = 100

  private static func random(_ shape: [Int]) -> Tensor {
    var generator = TorchGenerator(seed: 0)
    return random(shape, &generator)
  }

  private static func random(_ shape: [Int], _ generator: inout TorchGenerator) -> Tensor {
    Tensor(generator.normal(count: shape.reduce(1, *)), shape: shape)
  }

  /// Texts of full length, the longest that the prior takes. An even batch are guided pictures, whose unconditional
  /// prefix is shared; an odd one are pictures without guidance.
  private static func prior(_ model: ModelFolder, _ batch: Int, _ compute: Compute) throws -> Work {
    let prior = try PriorTransformer(model.part("prior"))
    let tokens = prior.textTokens
    let isGuided = batch % 2 == 0
    let pictures = isGuided ? batch / 2 : batch
    var generator = TorchGenerator(seed: 0)
    let texts = try (0..<pictures).map { _ in
      try TextConditioning(
        hiddenStates: random([2, tokens, prior.embeddingWidth], &generator),
        embedding: random([2, prior.textEmbeddingWidth], &generator),
        mask: Tensor(Array(repeating: 1, count: 2 * tokens), shape: [2, tokens]))
    }
    let samples = (0..<pictures).map { _ in random([prior.embeddingWidth], &generator) }
    let prefixes = Prepared<[[PriorTransformer.Prefix]]>([])
    return (
      {
        let shared = isGuided ? [prior.prefix(compute, text: texts[0], row: 0)] : []
        prefixes.value = texts.map { shared + [prior.prefix(compute, text: $0, row: 1)] }
      },
      { _ = prior(compute, samples, timestep: timestep, prefixes: prefixes.value) }
    )
  }

  private static func decoder(
    _ model: ModelFolder, _ batch: Int, _ compute: Compute
  ) throws -> Work {
    let unet = try UNet(model.part("decoder")) { try UNetConfiguration(decoder: $0) }
    let configuration = unet.configuration
    let tokens =
      try Tokenizer(model: model).length
      + model.part("text_proj").config.positive("clip_extra_context_tokens", default: 4)
    let width = try model.part("text_proj").config.positive("cross_attention_dim")
    let contexts = Array(repeating: random([tokens, width]), count: batch)
    let size = configuration.sampleSize
    let sample = random([batch, configuration.inChannels, size, size])
    let addition =
      configuration.takesAddition ? random([batch, 1, configuration.timeWidth]) : nil
    let context = Prepared(UNet.Context.none)
    return (
      { context.value = unet.context(compute, tokens: contexts) },
      {
        _ = unet(
          compute, sample, timestep: timestep, addition: addition, context: context.value)
      }
    )
  }

  private static func upsampler(
    _ model: ModelFolder, _ batch: Int, _ compute: Compute
  ) throws -> Work {
    guard let step = model.cascade.first else {
      throw UnCLIPError(.missing, "Cannot time the upsampler of '\(model.path)': the model has none.")
    }
    let unet = try UNet(model.part(step.first)) { try UNetConfiguration(upsampler: $0) }
    let configuration = unet.configuration
    let size = configuration.sampleSize
    let sample = random([batch, configuration.inChannels, size, size])
    return ({}, { _ = unet(compute, sample, timestep: timestep) })
  }

  /// What `prepare` leaves for `step`; both run on the caller's thread.
  private final class Prepared<Value>: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
  }
}
