import Foundation
import GRDB
import Shared
import TestSupport

@testable import Coordinator
@testable import Store

/// What no worker should say. Each costs its own task, or is refused.
enum Poison: CaseIterable {
  case secondsThatAreNone, numbersThatAreNone, wrongKind, damaged, twoOfOneFrame
  /// The store refuses the row, so that handling the message throws.
  case row

  /// By which the store knows the row that it is to refuse.
  static let seconds = 6666.0

  func spoil(_ success: inout Wire.Success, _ frames: inout [[UInt8]]) {
    guard !success.outputs.isEmpty else { return }
    switch self {
    case .secondsThatAreNone: success.seconds = .nan
    case .numbersThatAreNone:
      let bytes = withUnsafeBytes(of: Float.nan) { Array($0) }
      success.outputs.append(
        Wire.Payload(Artifact(kind: .scores, type: .float32, shape: [1, 1], bytes: bytes), frames: &frames))
    case .wrongKind:
      success.outputs.append(
        Wire.Payload(Artifact(kind: .scores, type: .uint8, shape: [1, 1], bytes: [1]), frames: &frames))
    case .damaged: if frames.first?.isEmpty == false { frames[0][0] ^= 0xFF } else { success.seconds = -1 }
    case .twoOfOneFrame: success.outputs.append(success.outputs[0])
    case .row: success.seconds = Self.seconds
    }
  }
}

extension SimulatedCluster {
  /// Spoils what a worker says, now and then. A result that is sent again is as it was.
  ///
  /// - Returns: whether it is a result that must not count.
  func poison(_ body: inout Wire.FromWorker.OneOf_Body, _ frames: inout [[UInt8]], _ index: Int) -> Bool {
    guard profile.poison > 0 else { return false }
    switch body {
    case .hello(var hello):
      guard isPoisoned(), !hello.models.isEmpty else { return false }
      note("poison: the introduction of worker \(index)")
      hello.models[0].defaults.priorGuidance = .nan
      body = .hello(hello)
      return false
    case .outcome(var outcome):
      guard case .success(var success)? = outcome.result else { return false }
      let attempt = TaskAttempt(outcome.task)
      if poisons[attempt] == nil {
        poisons[attempt] = .some(isPoisoned() ? Poison.allCases.randomElement(using: &troubles) : nil)
      }
      guard case .some(.some(let poison)) = poisons[attempt] else { return false }
      note("poison: \(poison) in the result of \(attempt)")
      poison.spoil(&success, &frames)
      outcome.result = .success(success)
      body = .outcome(outcome)
      return true
    default: return false
    }
  }

  /// Something that is no message, beside what a worker says.
  func sendNoise(_ index: Int) {
    guard profile.poison > 0, isPoisoned() else { return }
    let noise = [[UInt8]](repeating: [0xFF, 0xFF, 0xFF], count: Bool.random(using: &troubles) ? 1 : 65)
    events.add(.toCoordinator(noise, from: workers[index].id), at: now + 0.001)
  }

  private func isPoisoned() -> Bool {
    isTroubled && Double.random(in: 0..<1, using: &troubles) < profile.poison
  }

  /// A store that refuses the rows of poisoned results.
  static func refusePoison(in store: StoreTransaction) throws {
    try store.db.execute(
      sql: """
        CREATE TRIGGER IF NOT EXISTS poison BEFORE UPDATE OF state ON tasks
        WHEN new.state = 'done' AND new.seconds = \(Poison.seconds)
        BEGIN SELECT raise(ABORT, 'poison'); END
        """)
  }
}
