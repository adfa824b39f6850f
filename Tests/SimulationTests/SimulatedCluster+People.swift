import Foundation
import GRDB
import Shared
import TestSupport
import Worker

@testable import Coordinator
@testable import Store

extension SimulatedCluster {
  /// A job that somebody wants, submitted again until it is acknowledged.
  struct Submission {
    var plan: (prompts: Int, n: Int, priority: Int)
    var attempt = 0
    /// Once it was acknowledged.
    var job: JobID?
    var isCancelled = false
  }

  static func prompt(_ submission: Int, _ item: Int) -> String { "prompt \(submission).\(item)" }
  static func seed(_ submission: Int, _ item: Int) -> UInt64 { UInt64(100 * submission + 10 * item) }

  /// Sends the beginning, the lines and the end of a submission, one after the other.
  func submit(_ index: Int) {
    guard submissions[index].job == nil else { return }
    submissions[index].attempt += 1
    let attempt = submissions[index].attempt
    // Nobody may answer.
    events.add(.submit(index), at: now + 6)
    guard engine != nil else { return }
    let id = JobID("job-\(index)-\(attempt)")
    let plan = submissions[index].plan
    let items = (0..<plan.prompts).map { item in
      ResolvedItem(
        line: item + 1, customID: nil, prompt: Self.prompt(index, item), negativePrompt: nil, n: plan.n,
        seed: Self.seed(index, item), size: SimulatedStage.model.size, parameters: .karlo)
    }
    request { turn in
      try turn.store.beginJob(
        id, SubmitOptions(priority: plan.priority), model: SimulatedStage.model, at: turn.now.time)
    } answered: { [self] result in
      guard case .success(let job as JobNumber) = result else { return }
      request {
        try $0.store.addItems(items, to: job)
      } answered: { [self] result in
        guard case .success = result else { return }
        request {
          try $0.store.activateJob(job)
        } answered: { [self] result in
          guard case .success = result, submissions[index].attempt == attempt else { return }
          note("acknowledged \(id)")
          submissions[index].job = id
        }
      }
    }
  }

  func request(
    _ body: @escaping @Sendable (inout Turn) throws -> any Sendable,
    answered: @escaping @Sendable (Result<any Sendable, any Error>) -> Void = { _ in }
  ) {
    guard engine != nil else { return }
    inbox.append(.request(TurnEngine.Request(body: body, completed: answered)))
    planTurn()
  }

  /// A long change is done an image a turn: the coordinator dies between two of them.
  private func dieInTheMiddle() {
    guard profile.diesWhileEnding else { return }
    events.add(.fault(.coordinatorCrash), at: now + Double.random(in: 0.01...1, using: &troubles))
  }

  func strike(_ fault: Fault) {
    note("\(fault)")
    let alive = workers.indices.filter { workers[$0].isAlive }
    let victim = alive.randomElement(using: &random)
    let submission = submissions.indices.randomElement(using: &random) ?? 0
    switch fault {
    case .workerCrash: if let victim { retire(victim) }
    case .coordinatorCrash:
      // Before or after the commit of the next turn.
      if Bool.random(using: &random) { crashesBeforeCommit = true } else { crashesAfterCommit = true }
    case .commitFailure: diskIsFullUntil = now + Double.random(in: 0.01...4, using: &random)
    case .slowCommit: nextCommitTakes = Double.random(in: 0.5...12, using: &random)
    case .partition:
      if let victim { workers[victim].cutOffUntil = now + Double.random(in: 0.5...15, using: &random) }
    case .slowLink:
      if let victim { slowDown(&workers[victim].link, until: now + Double.random(in: 5...60, using: &random)) }
    case .clockJump: wallOffset += [-100_000, -3600, 3600, 100_000].randomElement(using: &random) ?? 0
    case .clockJumpAtRestart: jumpAtRestart()
    case .hang: hang()
    case .drain:
      guard let victim else { return }
      let id = workers[victim].id
      request { try $0.drain(id) }
    case .stop: if let victim { perform(workers[victim].session.stop(at: instant), victim) }
    case .pause:
      guard let job = submissions[submission].job else { return }
      request { try $0.setPaused(true, job: job) }
      // Resumed until it is heard: a request may die with the coordinator.
      for delay in [3.0, 20, 30] { events.add(.fault(.resume(job)), at: now + delay) }
    case .resume(let job): request { try $0.setPaused(false, job: job) }
    case .cancel:
      guard let job = submissions[submission].job else { return }
      submissions[submission].isCancelled = true
      request { try $0.cancel(job) }
      dieInTheMiddle()
    case .retry:
      guard let job = submissions[submission].job else { return }
      request { try $0.retry(job) }
      dieInTheMiddle()
    case .damage:
      request { turn in
        try turn.store.db.execute(sql: "UPDATE artifacts SET bytes = x'0000000000000000' WHERE id % 2 = 0")
      }
    }
  }
}
