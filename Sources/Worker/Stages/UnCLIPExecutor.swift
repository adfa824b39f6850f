import Imaging
package import Shared
import Tensor
package import UnCLIP

/// Runs the stages of a pool on the models that this worker holds.
package struct UnCLIPExecutor: StageExecutor {
  package let models: [ModelInfo]
  private let loaded: [String: LoadedModel]
  private let pool: Pool
  private let threads: ThreadPool
  /// Whether all models are so small that pictures are made faster side by side.
  private let favoursSideBySide: Bool

  /// The parts of one model that a pool needs.
  private struct LoadedModel: Sendable {
    let folder: ModelFolder
    var embedding: EmbeddingStage?
    var decoder: DecoderStage?
    var upsampler: UpsamplerStage?
  }

  /// Loads what the pool needs of each model; weights are mapped, not copied, where their type allows.
  ///
  /// - Throws: `UnCLIPError` that names the model's file and what is wrong with it.
  package init(pool: Pool, models: [(name: String, folder: ModelFolder)], threads: Int) throws {
    let threads = ThreadPool(threads: threads)
    var infos: [ModelInfo] = []
    var loaded: [String: LoadedModel] = [:]
    for (name, folder) in models {
      let info = try ModelInfo(name: name, folder: folder)
      var model = LoadedModel(folder: folder)
      switch pool {
      case .prior:
        let stage = try EmbeddingStage(model: folder, threads: threads)
        try stage.load(prior: folder.hasPrior, pictures: false)
        model.embedding = stage
      case .decoder:
        model.decoder = try DecoderStage(model: folder, threads: threads)
        model.upsampler = try UpsamplerStage(model: folder, threads: threads)
      }
      infos.append(info)
      loaded[info.digest] = model
    }
    self.pool = pool
    self.threads = threads
    self.models = infos
    self.loaded = loaded
    favoursSideBySide = try pool == .decoder && models.allSatisfy { try $0.folder.favoursSideBySide }
  }

  /// Embeddings are worked on at once: what a step of the prior takes is reading its weights. Pictures of small models
  /// are made side by side.
  package func batch(capacity: Int) -> Int {
    if pool == .prior { return capacity }
    return favoursSideBySide ? threads.lanes(of: capacity) : 1
  }

  package func execute(
    _ tasks: [StageTask], report: @escaping @Sendable (Int, StageProgress) -> StageDirective,
    ended: @escaping @Sendable (Int, Result<[Artifact], any Error>) -> Void
  ) {
    if tasks.count > 1, pool == .decoder {
      threads.sideBySide(tasks.count) { place in
        ended(place, Result { try execute(tasks[place]) { report(place, $0) } })
      }
      return
    }
    if tasks.count > 1 {
      do {
        for (place, artifacts) in try embed(tasks, report).enumerated() { ended(place, .success(artifacts)) }
        return
      } catch is CancellationError {
        for place in tasks.indices { ended(place, .failure(CancellationError())) }
        return
      } catch {
        // One by one instead, so that only the task that is at fault fails.
      }
    }
    for (place, task) in tasks.enumerated() {
      ended(place, Result { try execute(task) { report(place, $0) } })
    }
  }

  package func execute(_ task: StageTask, report: (StageProgress) -> StageDirective) throws -> [Artifact] {
    guard let model = loaded[task.modelDigest] else {
      throw AtelierError(
        .wrongState, "This worker does not hold the model \(task.modelDigest.prefix(12)) of task \(task.id.task).")
    }
    do {
      switch task.stage {
      case .embed: return try embed(task, model, report)
      case .denoise: return try denoise(task, model, report)
      case .upsample: return try upsample(task, model, report)
      }
    } catch let error as UnCLIPError where error.code == .request {
      throw AtelierError(.invalidInput, error.message)
    }
  }

  private func embed(
    _ task: StageTask, _ model: LoadedModel, _ report: (StageProgress) -> StageDirective
  ) throws -> [Artifact] {
    guard let stage = model.embedding else { throw Self.wrongPool(task) }
    if case .score(let score)? = task.operation { return [try Self.score(score, task, stage)] }
    let request = try PictureRequest(task)
    let text = try stage.encode(request)
    let made: Tensor
    if case .prompt = request.embedding {
      made = try Self.complete(stage.run(request, text: text, from: task.resumption(of: .prior)), report)
    } else {
      made = try stage.embedding(request, text: text) { try Self.complete($0, report) }
    }
    return Self.artifacts(of: made, text, for: task)
  }

  /// Like tasks of prompts, in step.
  private func embed(
    _ tasks: [StageTask], _ report: (Int, StageProgress) -> StageDirective
  ) throws -> [[Artifact]] {
    guard let digest = tasks.first?.modelDigest, let stage = loaded[digest]?.embedding else {
      throw AtelierError(.wrongState, "This worker does not hold the model of these tasks.")
    }
    let entries = try tasks.map { task in
      let request = try PictureRequest(task)
      return (request: request, text: try stage.encode(request))
    }
    let batch = try stage.run(entries)
    for step in batch {
      let directives = batch.runs.enumerated().map { place, run in
        report(place, Self.progress(of: run, step))
      }
      if directives.allSatisfy({ $0 == .stop }) { throw CancellationError() }
    }
    return tasks.indices.map { Self.artifacts(of: batch.runs[$0].complete(), entries[$0].text, for: tasks[$0]) }
  }

  private static func artifacts(of embedding: Tensor, _ text: TextConditioning, for task: StageTask) -> [Artifact] {
    let made = [Artifact(.imageEmbedding, embedding)]
    guard task.textWanted else { return made }
    return made + [
      Artifact(.textStates, text.hiddenStates), Artifact(.textEmbedding, text.embedding),
      Artifact(.textMask, text.mask),
    ]
  }

  private static func score(
    _ score: Wire.Operation.Score, _ task: StageTask, _ stage: EmbeddingStage
  ) throws -> Artifact {
    let pictures = try score.images.map { try stage.embed(task.picture($0)) }
    let rows = try stage.scores(pictures: pictures, texts: score.texts)
    return Artifact(
      .scores, Tensor(rows.flatMap { $0.map { Float($0) } }, shape: [pictures.count, score.texts.count]))
  }

  private func denoise(
    _ task: StageTask, _ model: LoadedModel, _ report: (StageProgress) -> StageDirective
  ) throws -> [Artifact] {
    guard let decoder = model.decoder else { throw Self.wrongPool(task) }
    let text = try TextConditioning(
      hiddenStates: task.input(.textStates).tensor, embedding: task.input(.textEmbedding).tensor,
      mask: task.input(.textMask).tensor)
    let run = try decoder.run(
      PictureRequest(task), text: text, imageEmbedding: task.input(.imageEmbedding).tensor,
      from: task.resumption(of: .decoder))
    // An upsampler's task may be next, for which the decoder's need not be in memory; and the other way round.
    defer { model.folder.letGo(of: .decoder) }
    return [Artifact(.baseImage, try Self.complete(run, report))]
  }

  private func upsample(
    _ task: StageTask, _ model: LoadedModel, _ report: (StageProgress) -> StageDirective
  ) throws -> [Artifact] {
    guard let upsampler = model.upsampler else { throw Self.wrongPool(task) }
    defer { model.folder.letGo(of: .upsampler) }
    let request = try PictureRequest(task)
    var image = try task.input(.baseImage).tensor
    for pass in 0..<upsampler.passCount {
      // A checkpoint tells its pass by its size, and a cascade's passes differ in size.
      let checkpoint = try task.resumption(of: .upsampler)
      let run: DenoisingRun
      do {
        run = try upsampler.run(request, baseImage: image, pass: pass, from: checkpoint)
      } catch let error as UnCLIPError where error.code == .request && checkpoint != nil {
        run = try upsampler.run(request, baseImage: image, pass: pass)
      }
      image = try Self.complete(run, report)
    }
    var picture = upsampler.picture(request, of: image)
    if let size = task.size {
      picture = Resampler.lanczos.resize(picture, width: size.width, height: size.height)
    }
    return [
      Artifact(
        kind: .picture, type: .png, shape: [picture.height, picture.width, 3], bytes: try PNG.encode(picture))
    ]
  }

  /// Makes the remaining steps, asking after each whether to go on.
  private static func complete(_ run: DenoisingRun, _ report: (StageProgress) -> StageDirective) throws -> Tensor {
    for step in run {
      if report(progress(of: run, step)) == .stop { throw CancellationError() }
    }
    return run.complete()
  }

  private static func progress(of run: DenoisingRun, _ step: DenoisingStep) -> StageProgress {
    StageProgress(completedSteps: step.index + 1, steps: step.count) {
      let checkpoint = run.checkpoint
      return (checkpoint.completedSteps, Artifact(.latents, checkpoint.latents))
    }
  }

  private static func wrongPool(_ task: StageTask) -> AtelierError {
    AtelierError(.wrongState, "The stage '\(task.stage)' of task \(task.id.task) is not this worker's pool's.")
  }
}

extension StageTask {
  fileprivate func resumption(of stage: DenoisingStage) throws -> StageCheckpoint? {
    try checkpoint.map {
      StageCheckpoint(stage: stage, completedSteps: $0.completedSteps, latents: try $0.latents.tensor)
    }
  }
}

extension ModelInfo {
  /// What the cluster needs to know of a model folder.
  package init(name: String, folder: ModelFolder) throws {
    let side = try folder.pictureSide
    self.init(
      name: name, digest: try folder.digest, size: PictureSize(width: side, height: side),
      defaults: RenderParameters(folder.defaults),
      readsPictures: folder.readsPictures, hasPrior: folder.hasPrior)
  }
}

extension RenderParameters {
  /// What a model recommends.
  package init(_ defaults: ModelDefaults) {
    self.init(
      priorSteps: defaults.priorSteps, decoderSteps: defaults.decoderSteps, superResSteps: defaults.superResSteps,
      priorGuidance: defaults.priorGuidance, decoderGuidance: defaults.decoderGuidance,
      sampler: SamplerName(rawValue: defaults.sampler), eta: defaults.eta)
  }
}
