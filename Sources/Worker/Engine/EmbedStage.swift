import Shared
import Tensor
import UnCLIP

/// From a request to an image embedding, `[width]`, and the encoded text that guides the decoder; or for a scoring to
/// scores, `[pictures, texts]`.
///
/// Only the embedding of the request's own prompt can go on from a checkpoint: the others are made anew.
struct EmbedStage: EngineStage {
  private let stage: EmbeddingStage

  init(_ model: LoadedModel) throws { stage = try Self.loaded(model.embedding) }

  func run(_ task: StageTask, _ report: (StageProgress) -> StageDirective) throws -> [Artifact] {
    if case .score(let images, let texts) = task.operation { return [try score(images, texts, task)] }
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

  /// Like tasks of prompts, in step: the weights of the prior are read once a step for all of them.
  ///
  /// - Parameters:
  ///   - tasks: of one ``StageTask/BatchKey``.
  ///   - report: called with a task's index after each step.
  /// - Returns: what each task wants, in their order.
  /// - Throws: `CancellationError` once all are to stop; one that is to stop goes on with the others. What is wrong
  ///   with a single task fails all of them.
  func run(
    _ tasks: [StageTask], _ report: (Int, StageProgress) -> StageDirective
  ) throws -> [[Artifact]] {
    let entries = try tasks.map { task in
      let request = try PictureRequest(task)
      return (request: request, text: try stage.encode(request))
    }
    let batch = try stage.run(entries)
    for step in batch {
      let directives = batch.runs.enumerated().map { index, run in
        report(index, Self.progress(of: run, step))
      }
      if directives.allSatisfy({ $0 == .stop }) { throw CancellationError() }
    }
    return try tasks.indices.map {
      Self.artifacts(of: try batch.runs[$0].completeFinite(), entries[$0].text, for: tasks[$0])
    }
  }

  /// Of what the stage has made, what the task's coordinator does not have yet.
  private static func artifacts(of embedding: Tensor, _ text: TextConditioning, for task: StageTask) -> [Artifact] {
    task.wantedOutputs.compactMap { kind in
      switch kind {
      case .imageEmbedding: Artifact(kind, embedding)
      case .textStates: Artifact(kind, text.hiddenStates)
      case .textEmbedding: Artifact(kind, text.embedding)
      case .textMask: Artifact(kind, text.mask)
      default: nil
      }
    }
  }

  /// The cosine of CLIP's embeddings of each picture and each text, a row a picture.
  private func score(_ images: [String], _ texts: [String], _ task: StageTask) throws -> Artifact {
    let pictures = try images.map { try stage.embed(task.picture($0)) }
    let rows = try stage.scores(pictures: pictures, texts: texts)
    return Artifact(.scores, Tensor(rows.flatMap { $0.map { Float($0) } }, shape: [pictures.count, texts.count]))
  }
}
