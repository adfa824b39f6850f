import Tensor

extension ModelReport {
  /// Builds each stage, which checks its parts and how they meet. A stage stops at its first faulty configuration;
  /// then each of its parts is built alone, so that all that are at fault are named.
  mutating func checkStages(_ model: ModelFolder) {
    let threads = ThreadPool(threads: 1)
    if !note({ _ in
      let text = try TextEncoderStage(model: model, threads: threads)
      if model.hasPrior { _ = try PriorStage(model: model, text: text, threads: threads) }
    }) {
      note { _ in _ = try Tokenizer(model: model) }
      note { _ in _ = try CLIPTextEncoder(model.part("text_encoder")) }
      if model.hasPrior {
        note { _ in _ = try PriorTransformer(model.part("prior")) }
        note { _ in _ = try UnCLIPScheduler(model.part("prior_scheduler").config) }
      }
    }
    if !note({ _ in _ = try DecoderStage(model: model, threads: threads) }) {
      note { _ in _ = try TextProjection(model.part("text_proj")) }
      noteUNet(model, "decoder") { try UNetConfiguration(decoder: $0) }
      note { _ in _ = try UnCLIPScheduler(model.part("decoder_scheduler").config) }
    }
    if !note({ _ in _ = try UpsamplerStage(model: model, threads: threads) }) {
      for name in model.upsamplers { noteUNet(model, name) { try UNetConfiguration(upsampler: $0) } }
      for step in model.cascade {
        note { _ in _ = try UnCLIPScheduler(model.part(step.scheduler).config) }
      }
    }
    note { report in
      let shape = try ModelShape(model)
      report.resolutions = [shape.base.size] + shape.upsampled.map(\.size)
    }
    checkPictures(model, threads)
  }

  private mutating func checkPictures(_ model: ModelFolder, _ threads: ThreadPool) {
    guard model.has("image_encoder") else { return }
    guard model.has("feature_extractor") else {
      note { _ in _ = try CLIPImageEncoder(model.part("image_encoder")) }
      return
    }
    note { _ in
      let width = try ImageEncoderStage(model: model, threads: threads).embeddingWidth
      let expected = try ModelShape(model).embeddingWidth
      guard width == expected else {
        throw try model.part("image_encoder").config.refusal(
          "projection_dim", "the decoder's image embeddings are \(expected) wide")
      }
    }
  }

  private mutating func noteUNet(
    _ model: ModelFolder, _ name: String, _ configuration: (Config) throws -> UNetConfiguration
  ) {
    note { _ in _ = try UNet(model.part(name), configuration) }
  }
}
