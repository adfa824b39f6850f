import Foundation
import Imaging
package import Shared
import Tensor
package import UnCLIP

/// Runs the stages of a pool on the models that this worker holds. A task is found its model by the digest, never by
/// the name, so that a picture is made by the weights that its job was accepted for.
package struct UnCLIPExecutor: StageExecutor {
  package let models: [ModelInfo]
  /// By digest; of two folders with one digest the first.
  private let loaded: [String: LoadedModel]
  private let pool: Pool
  private let threads: ThreadPool
  /// Whether all models are so small that pictures are made faster side by side.
  private let favoursSideBySide: Bool

  /// Loads what the pool needs of each model, but the image encoder, which is read when a task first needs it; weights
  /// are mapped, not copied, where their type allows.
  ///
  /// - Throws: `UnCLIPError` that names the model's file and what is wrong with it.
  package init(pool: Pool, models: [(name: String, folder: ModelFolder)], threads: Int) throws {
    MappedFile.outlivesTruncation()
    let threads = ThreadPool(threads: threads)
    let loaded = try models.map { name, folder in
      // The digest comes first: what is loaded is compared with it.
      let info = try ModelInfo(name: name, folder: folder)
      let model = try LoadedModel(folder, pools: [pool], threads: threads)
      try model.embedding?.load(prior: folder.hasPrior, pictures: false)
      return (info: info, model: model)
    }
    self.pool = pool
    self.threads = threads
    self.models = loaded.map(\.info)
    self.loaded = Dictionary(loaded.map { ($0.info.digest, $0.model) }) { first, _ in first }
    favoursSideBySide = try pool == .decoder && models.allSatisfy { try $0.folder.favoursSideBySide }
  }

  package var computesWith: String? { Self.machine }

  /// What this machine's results depend on beside task and weights.
  package static var machine: String {
    var library = [CChar](repeating: 0, count: 64)
    let length = confstr(Int32(_CS_GNU_LIBC_VERSION), &library, library.count)
    let name = library.prefix(max(0, length - 1)).map { UInt8(bitPattern: $0) }
    return "\(Compute.instructionSet), \(String(decoding: name, as: UTF8.self)), \(PNG.libraries)"
  }

  /// Embeddings are worked on at once: what a step of the prior takes is reading its weights. Pictures of small models
  /// are made side by side, one a thread at most; others one after the other, on all threads.
  package func batch(capacity: Int) -> Int {
    if pool == .prior { return capacity }
    return favoursSideBySide ? threads.lanes(of: capacity) : 1
  }

  package func execute(
    _ tasks: [StageTask], report: @escaping @Sendable (Int, StageProgress) -> StageDirective,
    ended: @escaping @Sendable (Int, Result<[Artifact], any Error>) -> Void
  ) {
    if tasks.count > 1, pool == .decoder {
      threads.sideBySide(tasks.count) { index in
        ended(index, Result { try execute(tasks[index]) { report(index, $0) } })
      }
      return
    }
    if tasks.count > 1, let digest = tasks.first?.modelDigest, let model = loaded[digest] {
      do {
        let results = try EmbedStage(model).run(tasks) { index, progress in
          Self.isSound(model) ? report(index, progress) : .stop
        }
        try Self.verify(model)
        for (index, artifacts) in results.enumerated() { ended(index, .success(artifacts)) }
        return
      } catch is CancellationError {
        let failure: any Error
        do {
          try Self.verify(model)
          failure = CancellationError()
        } catch {
          failure = error
        }
        for index in tasks.indices { ended(index, .failure(failure)) }
        return
      } catch {
        // One by one instead, so that only the task that is at fault fails.
      }
    }
    for (index, task) in tasks.enumerated() {
      ended(index, Result { try execute(task) { report(index, $0) } })
    }
  }

  /// Runs a task of this worker's pool and models.
  ///
  /// - Throws: `wrongState` for a task of another pool or model, `invalidInput` for a request that no worker could do,
  ///   with these weights, ``ExecutorUnfit`` if the weights were changed.
  package func execute(_ task: StageTask, report: (StageProgress) -> StageDirective) throws -> [Artifact] {
    guard let model = loaded[task.modelDigest] else {
      throw AtelierError(
        .wrongState, "This worker does not hold the model \(task.modelDigest.prefix(12)) of task \(task.id.task).")
    }
    guard task.stage.pool == pool else {
      throw AtelierError(.wrongState, "The stage '\(task.stage)' of task \(task.id.task) is not this worker's pool's.")
    }
    do {
      // Also what fails may fail because of other weights.
      let result = Result {
        try model.engine(for: task.stage).run(task) { Self.isSound(model) ? report($0) : .stop }
      }
      try Self.verify(model)
      return try result.get()
    } catch let error as UnCLIPError where [.request, .notFinite, .unsupported].contains(error.code) {
      throw AtelierError(.invalidInput, error.message)
    }
  }

  /// Makes sure that a result is of the weights that its job was accepted for.
  private static func verify(_ model: LoadedModel) throws(ExecutorUnfit) {
    do throws(UnCLIPError) { try model.folder.requireUnchanged() } catch { throw ExecutorUnfit(error.message) }
  }

  /// Whether a state may be saved, which counts as a result does.
  private static func isSound(_ model: LoadedModel) -> Bool {
    do { try verify(model) } catch { return false }
    return true
  }
}
