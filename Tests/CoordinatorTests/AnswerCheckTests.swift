import Coordinator
import Shared
import Store
import TestSupport
import Testing

/// Who is believed when workers make different bytes of one task.
@Suite struct AnswerCheckTests {
  /// Answers such as `a1 b2`: worker and digest, in their order. The first letter of the alphabet has been there longest.
  private func decide(_ text: String, canAskAnother: Bool = false) -> AnswerCheck.Decision {
    let answers = text.split(separator: " ").enumerated().map { index, answer in
      AnswerRecord(
        attempt: index + 1, worker: WorkerID(String(answer.prefix(1))), kind: "k", digest: String(answer.suffix(1)),
        at: 0)
    }
    return AnswerCheck.decide(answers, canAskAnother: canAskAnother) { $0 < $1 }
  }

  @Test(
    arguments: [
      // Answers, whether another can be asked, whether the newest is taken, who agreed, who was wrong.
      ("a1", true, false, "", ""), ("a1", false, true, "", ""), ("a1 a1", true, true, "", ""),
      ("a1 b1", true, true, "ab", ""), ("a1 b1", false, true, "ab", ""),
      ("a1 b2", true, false, "", ""), ("a1 b2", false, false, "", "b"), ("b1 a2", false, true, "", "b"),
      ("a1 b2 c1", true, true, "ac", "b"), ("a1 b2 c2", false, true, "bc", "a"), ("a1 b2 c3", true, false, "", ""),
      ("a1 b2 c3", false, false, "", "bc"), ("a1 b2 a1", false, true, "", "b"), ("a1 b2 c3 a1", false, true, "", "bc"),
      ("a1 b2 b2", false, false, "", "b"),
      // One that contradicts itself.
      ("a1 a2", false, false, "", "a"), ("a1 b2 a2", true, false, "", "a"), ("a1 b2 a2 b2", false, true, "", "a"),
      ("a1 b2 a2 c2", true, true, "bc", "a"),
      // However long it goes on, it ends.
      ("a1 b2 a3 b4 a5 b6", true, true, "", ""),
    ] as [(String, Bool, Bool, String, String)])
  func `who agrees is believed, else a third decides, else who has been there for longer`(
    answers: String, canAskAnother: Bool, isTaken: Bool, agreed: String, wrong: String
  ) {
    let decision = decide(answers, canAskAnother: canAskAnother)
    #expect(decision.isTaken == isTaken)
    #expect(decision.agreed.map(\.text).joined() == agreed)
    #expect(decision.wrong.map(\.text).joined() == wrong)
  }

  @Test func `the share that is compared is the share, and another with another seed`() {
    let tasks = (1...20_000).map { TaskAttempt(task: TaskID(Int64($0)), attempt: 1) }
    func chosen(_ share: Double, _ seed: UInt64) -> Set<TaskAttempt> {
      Set(tasks.filter { AnswerCheck.isChosen($0, share: share, seed: seed) })
    }
    for share in [0.005, 0.1, 0.5] {
      let count = Double(chosen(share, 7).count)
      #expect(abs(count - share * 20_000) < 5 * (share * (1 - share) * 20_000).squareRoot(), "\(share)")
    }
    #expect(chosen(0, 7).isEmpty)
    #expect(chosen(1, 7).count == tasks.count)
    #expect(chosen(0.1, 7) == chosen(0.1, 7))
    #expect(chosen(0.1, 7).intersection(chosen(0.1, 8)).count < 400)
  }

  @Test func `workers that do not say what their bytes depend on are of no kind`() {
    let named = WorkerVersion.text(computesWith: "avx2, glibc 2.36")
    #expect(named == AtelierVersion.current + " (avx2, glibc 2.36)")
    #expect(WorkerVersion.kind(of: named) == named)
    #expect(WorkerVersion.kind(of: WorkerVersion.text(computesWith: nil)) == nil)
  }
}
