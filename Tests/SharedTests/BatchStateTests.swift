import Shared
import Testing

/// What becomes of a batch, in values.
@Suite struct BatchStateTests {
  private func batch() -> Batch {
    Batch(
      id: "batch_a", owner: "alice", endpoint: "/v1/images/generations", server: "http://localhost",
      inputFile: "file-a",
      createdAt: 10)
  }

  private func begun() -> Batch {
    var batch = batch()
    #expect(batch.begin(total: 3, refused: 1, model: "m", job: JobID("job-a"), at: 11))
    return batch
  }

  @Test func `one that is worked on to its end is completed`() {
    var batch = begun()
    #expect(batch.expiresAt == 86_410)
    #expect(batch.counts == Batch.Counts(total: 3, failed: 1))
    #expect(!batch.end(outputFile: nil, errorFile: nil, counts: Batch.Counts(), at: 12))
    #expect(batch.finalize(at: 12))
    #expect(!batch.cancel(at: 12))
    #expect(!batch.expire(at: 12))
    #expect(batch.end(outputFile: "o", errorFile: "e", counts: Batch.Counts(total: 3, completed: 2, failed: 1), at: 13))
    #expect(batch.state == .completed)
    #expect(batch.event == "batch.completed")
    #expect([batch.inProgressAt, batch.finalizingAt, batch.completedAt] == [11, 12, 13])
    #expect([batch.failedAt, batch.expiredAt, batch.cancellingAt, batch.cancelledAt] == [nil, nil, nil, nil])
    #expect(!batch.end(outputFile: nil, errorFile: nil, counts: Batch.Counts(), at: 14))
  }

  @Test(arguments: [true, false]) func `one may be cancelled or expire before and after it was read`(isRead: Bool) {
    for isCancelled in [true, false] {
      var batch = isRead ? begun() : batch()
      #expect(isCancelled ? batch.cancel(at: 12) : batch.expire(at: 12))
      #expect(batch.isExpiring != isCancelled)
      // Who reads it comes too late.
      #expect(!batch.begin(total: 1, refused: 0, model: nil, job: nil, at: 13))
      #expect(!batch.fail([], at: 13))
      #expect(batch.end(outputFile: nil, errorFile: nil, counts: Batch.Counts(), at: 14))
      #expect(batch.state == (isCancelled ? .cancelled : .expired))
      #expect(batch.event == (isCancelled ? "batch.cancelled" : "batch.expired"))
      #expect(batch.state.isFinal)
    }
  }

  @Test func `one that cannot be read has failed, for good`() {
    var batch = batch()
    #expect(batch.fail([BatchFault("empty_file", "It is empty.")], at: 11))
    #expect(batch.event == "batch.failed")
    #expect(!batch.cancel(at: 12))
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
