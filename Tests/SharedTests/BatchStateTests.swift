import Shared
import Testing

/// What becomes of a batch, in values.
@Suite struct BatchStateTests {
  private func fresh() -> Batch {
    Batch(
      id: "batch_a", owner: "alice", endpoint: "/v1/images/generations", server: "http://localhost",
      inputFile: "file-a",
      createdAt: 10)
  }

  /// Changes a batch, or tries to.
  private func check(_ batch: inout Batch, _ isChanged: Bool, _ change: (inout Batch) -> Bool) {
    let result = change(&batch)
    #expect(result == isChanged)
  }

  private func begun() -> Batch {
    var batch = fresh()
    check(&batch, true) { $0.begin(total: 3, refused: 1, model: "m", job: JobID("job-a"), at: 11) }
    return batch
  }

  @Test func `one that is worked on to its end is completed`() {
    var batch = begun()
    #expect(batch.expiresAt == 86_410)
    #expect(batch.counts == Batch.Counts(total: 3, failed: 1))
    check(&batch, false) { $0.end(outputFile: nil, errorFile: nil, counts: Batch.Counts(), at: 12) }
    check(&batch, true) { $0.finalize(at: 12) }
    check(&batch, false) { $0.cancel(at: 12) }
    check(&batch, false) { $0.expire(at: 12) }
    check(&batch, true) {
      $0.end(outputFile: "o", errorFile: "e", counts: Batch.Counts(total: 3, completed: 2, failed: 1), at: 13)
    }
    #expect(batch.state == .completed)
    #expect(batch.event == "batch.completed")
    #expect([batch.inProgressAt, batch.finalizingAt, batch.completedAt] == [11, 12, 13])
    #expect([batch.failedAt, batch.expiredAt, batch.cancellingAt, batch.cancelledAt] == [nil, nil, nil, nil])
    check(&batch, false) { $0.end(outputFile: nil, errorFile: nil, counts: Batch.Counts(), at: 14) }
  }

  @Test(arguments: [true, false]) func `one may be cancelled or expire before and after it was read`(isRead: Bool) {
    for isCancelled in [true, false] {
      var batch = isRead ? begun() : fresh()
      check(&batch, true) { isCancelled ? $0.cancel(at: 12) : $0.expire(at: 12) }
      #expect(batch.isExpiring != isCancelled)
      // Who reads it comes too late.
      check(&batch, false) { $0.begin(total: 1, refused: 0, model: nil, job: nil, at: 13) }
      check(&batch, false) { $0.fail([], at: 13) }
      check(&batch, true) { $0.end(outputFile: nil, errorFile: nil, counts: Batch.Counts(), at: 14) }
      #expect(batch.state == (isCancelled ? .cancelled : .expired))
      #expect(batch.event == (isCancelled ? "batch.cancelled" : "batch.expired"))
      #expect(batch.state.isFinal)
    }
  }

  @Test func `one that cannot be read has failed, for good`() {
    var batch = fresh()
    check(&batch, true) { $0.fail([BatchFault("empty_file", "It is empty.")], at: 11) }
    #expect(batch.event == "batch.failed")
    check(&batch, false) { $0.cancel(at: 12) }
    #expect(batch.faults.map(\.code) == ["empty_file"])
  }

  @Test func `counts follow the pictures of its job`() {
    var images = ImageCounts()
    images[.pending] = 4
    images[.completed] = 4
    images[.failed] = 2
    let counted = begun().counting(images, items: 5)
    #expect(counted.counts == Batch.Counts(total: 3, completed: 2, failed: 2))
  }
}
