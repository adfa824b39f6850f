package import Shared
package import Store

/// Compares what several workers made of one task, byte for byte. Pure: who asks whom, and what comes of it, is the
/// turn's.
///
/// A result is not taken at once but held back, as its digest alone, and the task is handed out again as after any
/// attempt; the result that agrees with an earlier one is taken. Where two disagree a third worker decides. Without
/// one, the worker that has been there for longer is believed, and has to make the same once more.
package enum AnswerCheck {
  /// What comes of the newest answer.
  package struct Decision: Sendable, Equatable {
    /// Whether the newest result is taken; else the task is made once more.
    package var isTaken: Bool
    /// Workers that made the same as another.
    package var agreed: [WorkerID] = []
    /// Workers that made something else than those who are believed.
    package var wrong: [WorkerID] = []
    /// The digest that is believed, if there was a choice.
    package var digest: String?
  }

  /// However they contradict each other: the newest of so many is taken.
  package static let mostAnswers = 6

  /// - Parameters:
  ///   - answers: all that there are to one task, of one kind, the newest last.
  ///   - canAskAnother: whether another worker of the kind could make it too.
  ///   - isSenior: whether the first worker is believed rather than the second: it has been there for longer, say.
  package static func decide(
    _ answers: [AnswerRecord], canAskAnother: Bool, isSenior: (WorkerID, WorkerID) throws -> Bool
  ) rethrows -> Decision {
    guard let newest = answers.last, answers.count < mostAnswers else { return Decision(isTaken: true) }
    let unsteady = Set(answers.map(\.worker)).filter { worker in
      Set(answers.filter { $0.worker == worker }.map(\.digest)).count > 1
    }
    // Who makes two different things of one task is wrong at least once.
    let steady = answers.filter { !unsteady.contains($0.worker) }
    let makers = Dictionary(grouping: steady, by: \.digest).mapValues { Set($0.map(\.worker)).sorted() }
    if let agreed = makers.filter({ $0.value.count > 1 }).min(by: { $0.key < $1.key }) {
      let wrong = Set(answers.map(\.worker)).subtracting(agreed.value).sorted()
      return Decision(
        isTaken: newest.digest == agreed.key, agreed: agreed.value, wrong: wrong, digest: agreed.key)
    }
    if makers.count <= 1, unsteady.isEmpty {
      // Only one worker has made it, however often.
      return Decision(isTaken: answers.count > 1 || !canAskAnother)
    }
    guard !canAskAnother, let believed = try makers.values.compactMap(\.first).sorted().min(by: isSenior) else {
      return Decision(
        isTaken: false, wrong: unsteady.sorted(), digest: unsteady.isEmpty ? nil : steady.last?.digest)
    }
    let digest = steady.first { $0.worker == believed }?.digest
    let wrong = Set(answers.map(\.worker)).subtracting([believed]).sorted()
    return Decision(isTaken: newest.worker == believed, wrong: wrong, digest: digest)
  }

  /// Whether a task is one of the share that is compared. The same for the same seed, and not to be guessed without.
  package static func isChosen(_ task: TaskAttempt, share: Double, seed: UInt64) -> Bool {
    // SplitMix64's finalizer: neighbouring tasks have nothing in common.
    var value = seed ^ (UInt64(bitPattern: task.task.number) &* 0x9E37_79B9_7F4A_7C15) &+ UInt64(task.attempt)
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    value ^= value >> 31
    return Double(value >> 11) * 0x1p-53 < share
  }

  /// The digest that stands for a result: of what the stage leaves for the image, or publishes. What it leaves for the
  /// whole item comes with some results only.
  package static func digest(_ artifacts: [Artifact]) -> String? {
    artifacts.first { !$0.kind.belongsToItem }.map { hexadecimal($0.sha256) }
  }
}
