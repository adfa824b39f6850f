import Coordinator
import Shared
import TestSupport
import Testing

/// Near the end of a job nobody queues behind one worker while another is idle.
@Suite struct RebalancerTests {
  private let start = ContinuousClock.now
  private let rich = WorkerID("decoder-rich")
  private let idle = WorkerID("decoder-idle")
  private let model = ModelInfo(name: "m", digest: "d", size: PictureSize(width: 8, height: 8), defaults: .karlo)

  private func description(_ pool: Pool, models: [ModelInfo], batch: Int = 1) -> WorkerDescription {
    WorkerDescription(
      pool: pool, capacity: 4, models: models, host: "h", processID: 1, threads: 1, version: "0", batch: batch)
  }

  /// One worker with three tasks, the first of which runs, and another without any.
  private func registry(idlePool: Pool = .decoder, idleModels: [ModelInfo]? = nil, seconds: Double? = 5)
    -> WorkerRegistry
  {
    var registry = WorkerRegistry(silence: .seconds(100))
    _ = registry.welcome(rich, as: description(.decoder, models: [model]), holding: [], at: start)
    _ = registry.welcome(idle, as: description(idlePool, models: idleModels ?? [model]), holding: [], at: start)
    if let seconds { registry.succeeded(rich, seconds: seconds, at: start) }
    let tasks = ([1, 2, 3] as [TaskID]).map { TaskAttempt(task: $0, attempt: 1) }
    for task in tasks {
      _ = registry.lease(task, job: JobID("j"), stage: .denoise, model: model.digest, to: rich, at: start)
    }
    _ = registry.heartbeat(
      rich, .init(credit: 1, held: tasks, progress: [tasks[0]: .init(step: 1, steps: 9)]), at: start)
    _ = registry.heartbeat(idle, .init(credit: 4), at: start)
    return registry
  }

  private func spread(_ registry: WorkerRegistry, after seconds: Double = 0) -> Rebalancer.Withdrawal? {
    Rebalancer.spread(in: registry, idle: registry.idle(at: start), at: start + .seconds(seconds))
  }

  @Test func `the last task that waits at a worker is taken back for one that is idle`() {
    let withdrawal = spread(registry())
    #expect(withdrawal?.worker == rich)
    #expect(withdrawal?.tasks == [TaskAttempt(task: 3, attempt: 1)])
  }

  @Test func `nothing is taken back for a worker that could not do it, nor where tasks are short`() {
    #expect(spread(registry(idlePool: .prior)) == nil)
    #expect(spread(registry(idleModels: [])) == nil)
    #expect(spread(registry(seconds: 0.1)) == nil)
  }

  @Test func `how long tasks are is known before the first has ended`() {
    #expect(spread(registry(seconds: nil)) == nil)
    #expect(spread(registry(seconds: nil), after: 1)?.tasks == [TaskAttempt(task: 3, attempt: 1)])
  }

  @Test func `what runs is left where it runs`() {
    var registry = registry()
    for task in [2, 3] as [TaskID] { registry.release(TaskAttempt(task: task, attempt: 1), from: rich) }
    #expect(spread(registry) == nil)
  }

  @Test func `a worker that works on several tasks at once is worth as many`() {
    var registry = WorkerRegistry(silence: .seconds(100))
    _ = registry.welcome(rich, as: description(.prior, models: [model], batch: 3), holding: [], at: start)
    #expect(registry[rich]?.depth == 3)
    registry.succeeded(rich, seconds: 20, at: start)
    #expect(registry[rich]?.depth == 4)
    _ = registry.welcome(idle, as: description(.decoder, models: [model]), holding: [], at: start)
    registry.succeeded(idle, seconds: 20, at: start)
    #expect(registry[idle]?.depth == 2)
  }
}
