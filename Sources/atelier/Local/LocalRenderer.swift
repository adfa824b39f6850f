import Foundation
import Shared
import Tensor
import UnCLIP
import Worker

/// Renders requests on this machine, and says what came of them: what `render`, `vary`, `interpolate`, `diff` and
/// `edit` have in common. The pictures are those that a cluster makes of the same requests: the stages are those of its
/// workers.
struct LocalRenderer: Sendable {
  let model: ModelFolder
  private let output: OutputOptions
  private let threads: ThreadPool

  /// Reads the model's configuration. Parts are read when the first request needs them.
  ///
  /// - Throws: `system` if the output's folder cannot be written, an `UnCLIPError` if the folder holds no model.
  init(_ options: ModelOptions, output: OutputOptions) throws {
    try output.checkFolder()
    self.output = output
    model = try options.folder()
    threads = options.pool(profiled: output.profile)
  }

  /// The tasks of a request's pictures, with the model's defaults where it leaves something out. A seed that is left
  /// out is random, and printed. Texts that are longer than the model reads are warned of.
  ///
  /// - Parameter sources: the files that the request names.
  /// - Throws: an `UnCLIPError` if the model's tokenizer cannot be read.
  func tasks(of request: ItemRequest, _ sources: LocalSources = LocalSources()) throws -> [StageTask] {
    try CutWarning.tell(model, request)
    let operation = request.operation
    // 32 bits are enough to be distinct and short enough to be typed.
    let first = request.seed ?? UInt64(UInt32.random(in: 0...UInt32.max))
    let parameters = request.parameters.filled(from: operation.defaults)
      .filled(from: RenderParameters(model.defaults)).filled(from: .karlo)
    let count = operation.count(requested: request.n, standard: nil)
    return try (0..<count).map { index throws(AtelierError) in
      var task = StageTask(
        id: TaskAttempt(task: TaskID(0), attempt: 1), job: JobID(""), item: 0, image: index,
        stage: StagePlan(for: operation).first, modelDigest: "", prompt: request.prompt,
        negativePrompt: request.negativePrompt ?? "", seed: first &+ (operation.countsSeeds ? UInt64(index) : 0),
        parameters: parameters, size: request.size,
        operation: try TaskOperation(operation, image: index, of: count), itemOutputsWanted: true)
      task.sources = sources.artifacts
      return task
    }
  }

  /// Makes the picture of each task and writes it to the file of its index: pictures of small models side by side.
  ///
  /// - Parameter made: called with the index and all that was made, after the picture was written, once at a time.
  /// - Throws: what the first picture that failed has thrown; no further one is begun.
  func render(
    _ tasks: [StageTask], made: @escaping @Sendable (Int, [Artifact.Kind: Artifact]) throws -> Void = { _, _ in }
  ) throws {
    guard let first = tasks.first else { return }
    let start = ContinuousClock.now
    let stages = try StageChain(model, for: first, threads: threads)
    let watch = StageClock(loading: ContinuousClock.now - start)
    // A profile tells what an operation takes on all threads.
    let isSideBySide = try tasks.count > 1 && threads.profile == nil && model.favoursSideBySide
    let lanes = isSideBySide ? threads.lanes(of: tasks.count) : 1
    let progress = RenderProgress(pictures: tasks.count, lanes: lanes, watch: watch)
    let render = { @Sendable (index: Int) throws in
      try renderOne(tasks[index], index, of: tasks.count, stages, progress, made)
    }
    if isSideBySide {
      threads.sideBySide(tasks.count) { index in progress.attempt { try render(index) } }
      try progress.rethrow()
    } else {
      for index in tasks.indices { try render(index) }
    }
    let (pictures, seconds) = progress.result
    let profile = ProfileReport(threads, of: ContinuousClock.now - start)
    if output.json {
      try printJSON(
        Facts(pictures: pictures, seconds: seconds.seconds, peakMemoryBytes: PeakMemory.bytes, profile: profile))
      return
    }
    if output.timings { print(seconds.table) }
    if let profile { print(profile.table) }
  }

  /// Makes one picture, writes it and tells the progress.
  private func renderOne(
    _ task: StageTask, _ index: Int, of count: Int, _ stages: StageChain, _ progress: RenderProgress,
    _ made: @Sendable (Int, [Artifact.Kind: Artifact]) throws -> Void
  ) throws {
    var watch = StageClock()
    let artifacts = try stages.run(task) { stage, step in
      watch.step(stage.rawValue)
      return progress.show(index, "\(stage) \(step.completedSteps)/\(step.steps)") ? .proceed : .stop
    }
    guard let picture = artifacts[.picture] else {
      throw AtelierError(.wrongState, "The stages of '\(task.operation.kind)' have left no picture.")
    }
    let file = output.file(index, of: count)
    try LocalFile.write(picture.bytes, to: file)
    watch.lap("write")
    try progress.end(index, file: file, seed: task.seed, watch, prints: !output.json) { try made(index, artifacts) }
  }

  /// What `--json` prints; the keys, in snake case, are part of the command line's contract.
  private struct Facts: Encodable {
    let pictures: [RenderProgress.Picture]
    /// By part of the rendering: `load`, each stage, `write`. What ran side by side has its share.
    let seconds: [String: Double]
    let peakMemoryBytes: Int
    /// With `--profile` only.
    let profile: ProfileReport?
  }
}
