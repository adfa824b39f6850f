import Shared
import Store

@testable import Coordinator

/// The store of a simulated cluster: the real one, whose commits may fail because the disk is full or the power is gone;
/// and which may have a mistake planted in it.
final class SimulatedDisk: TurnStore, @unchecked Sendable {
  /// Why a commit does not happen.
  enum Interruption: Error {
    case crash
    case diskFull
  }

  let store: Store
  let mistake: PlantedMistake?
  /// What befalls the next commit.
  var interruption: Interruption?
  /// What the turn that is about to run takes, for mistakes that hang on it.
  var arriving: [TurnEngine.Event] = []
  /// What a turn wanted to be said, if that was said before its commit.
  private(set) var saidTooEarly: [Action] = []
  private var isStarting = false

  init(_ store: Store, mistake: PlantedMistake?) {
    self.store = store
    self.mistake = mistake
  }

  /// The next transaction is the first of a coordinator.
  func coordinatorStarts() { isStarting = true }

  func write<Value>(_ body: (StoreTransaction) throws -> Value) throws -> Value {
    var decided: Value?
    do {
      return try store.write { transaction in
        try plant(in: transaction)
        let value = try body(transaction)
        decided = value
        if mistake == .acknowledgedBeforeCommit, let turn = value as? Turn { saidTooEarly = turn.actions }
        if let interruption { throw interruption }
        saidTooEarly = []
        return value
      }
    } catch is Interruption where mistake == .failedCommitIgnored {
      if let decided { return decided }
      throw Interruption.diskFull
    } catch  where mistake == .poisonStopsTurns && !(error is Interruption) {
      throw Interruption.diskFull
    }
  }

  func read<Value>(_ body: (StoreTransaction) throws -> Value) throws -> Value { try store.read(body) }

  func takeSaidTooEarly() -> [Action] {
    defer { saidTooEarly = [] }
    return saidTooEarly
  }

  private func plant(in transaction: StoreTransaction) throws {
    defer { isStarting = false }
    if mistake == .twoLeasesAfterRestart, isStarting {
      for lease in try transaction.leases() { try transaction.release(lease.task.task) }
    }
    if mistake == .wallClockBelieved, isStarting { try transaction.forgetClock() }
    guard mistake == .noFence || mistake == .publishedTwice else { return }
    for case .message(let arrival, let worker) in arriving {
      guard case .outcome(let outcome)? = arrival.message.envelope.body else { continue }
      let attempt = TaskAttempt(outcome.task)
      guard let record = try transaction.task(attempt.task) else { continue }
      switch mistake {
      case .noFence where record.attempt > attempt.attempt: try transaction.forgetLease(after: attempt, of: worker)
      case .publishedTwice where record.state == .done && record.currentAttempt == attempt:
        try transaction.forgetResult(of: record)
      default: break
      }
    }
  }
}
