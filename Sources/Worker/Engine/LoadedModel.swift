import Shared
import Tensor
import UnCLIP

/// The parts of one model that pools need, loaded: the text encoder and the prior, or the decoder and the upsampler;
/// and who does the work of each stage with them.
struct LoadedModel: Sendable {
  let folder: ModelFolder
  private(set) var embedding: EmbeddingStage?
  private(set) var decoder: DecoderStage?
  private(set) var upsampler: UpsamplerStage?

  /// Loads the decoder and the upsampler for their pool; of the other pool's parts each is read when it is first
  /// needed, or by ``EmbeddingStage/load(prior:pictures:)``.
  ///
  /// - Throws: `UnCLIPError` that names the model's file and what is wrong with it.
  init(_ folder: ModelFolder, pools: [Pool], threads: ThreadPool) throws {
    self.folder = folder
    for pool in pools {
      switch pool {
      case .prior: embedding = try EmbeddingStage(model: folder, threads: threads)
      case .decoder:
        decoder = try DecoderStage(model: folder, threads: threads)
        upsampler = try UpsamplerStage(model: folder, threads: threads)
      }
    }
  }

  /// Who does the work of a stage.
  ///
  /// - Throws: `wrongState` if the model was loaded for another pool.
  func engine(for stage: Stage) throws -> any EngineStage {
    switch stage {
    case .embed: try EmbedStage(self)
    case .denoise: try DenoiseStage(self)
    case .upsample: try UpsampleStage(self)
    }
  }
}
