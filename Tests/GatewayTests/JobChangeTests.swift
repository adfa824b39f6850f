import Shared
import Testing

/// Pausing, going on, cancelling and trying again.
@Suite struct JobChangeTests {
  /// How a job got where it is.
  enum Past: String, Sendable {
    case active, paused, completed, cancelled, failed
  }

  private func makeJob(_ past: Past, of gateway: TestGateway) async throws -> JobID {
    let job = try await gateway.submit("a\nb\n")
    switch past {
    case .active: break
    case .paused: _ = try await gateway.post("jobs/\(job)/pause")
    case .completed: try await gateway.finish(job)
    case .cancelled: _ = try await gateway.post("jobs/\(job)/cancel")
    case .failed:
      try await gateway.fail(job, reasons: ["The memory is full."])
      try await gateway.finish(job)
    }
    return job
  }

  @Test(
    arguments: [
      (.active, "pause", .paused), (.paused, "pause", .paused), (.paused, "resume", .active),
      (.active, "resume", .active), (.active, "cancel", .cancelled), (.paused, "cancel", .cancelled),
      (.cancelled, "cancel", .cancelled), (.failed, "retry", .active), (.completed, "retry", .completed),
      (.active, "retry", .active),
    ] as [(Past, String, JobState)])
  func `a change that the state allows is made, and answers the job as it is then`(
    past: Past, verb: String, state: JobState
  ) async throws {
    try await TestGateway.run { gateway in
      let job = try await makeJob(past, of: gateway)
      let answer = try await gateway.post("jobs/\(job)/\(verb)")
      #expect(answer.status == 200)
      let status = try answer.decoded(as: JobStatus.self)
      #expect(status.id == job)
      #expect(status.state == state)
      #expect(try await gateway.status(of: job).state == state)
    }
  }

  @Test(
    arguments: [
      (.completed, "pause", "is completed; it cannot be paused."),
      (.completed, "resume", "is completed; it cannot be resumed."),
      (.completed, "cancel", "is completed; there is nothing to cancel."),
      (.cancelled, "pause", "is cancelled; it cannot be paused."),
      (.cancelled, "resume", "is cancelled; it cannot be resumed."),
      (.cancelled, "retry", "was cancelled; submit it again instead."),
    ] as [(Past, String, String)])
  func `a change that the state does not allow is 422 and changes nothing`(
    past: Past, verb: String, reason: String
  ) async throws {
    try await TestGateway.run { gateway in
      let job = try await makeJob(past, of: gateway)
      let before = try await gateway.status(of: job)
      let answer = try await gateway.post("jobs/\(job)/\(verb)")
      #expect(answer.status == 422)
      #expect(try answer.refusal.code == "wrong_state")
      #expect(try answer.refusal.message == "The job '\(job)' \(reason)")
      #expect(try await gateway.status(of: job) == before)
    }
  }

  @Test(arguments: ["pause", "resume", "cancel", "retry"])
  func `a change of a job that is not there is 404`(verb: String) async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.post("jobs/job-none/\(verb)")
      #expect(answer.status == 404)
      #expect(try answer.refusal.code == "not_found")
      #expect(try answer.refusal.message.contains("'job-none'"))
    }
  }

  @Test func `what is cancelled is cancelled whole, in the answer already`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\nc\n", query: "n=4")
      let images = try await gateway.post("jobs/\(job)/cancel").decoded(as: JobStatus.self).images
      #expect(images.cancelled == 12)
      #expect(images.pending == 0)
      #expect(images.total == 12)
    }
  }

  @Test func `a retry takes back what had failed`() async throws {
    try await TestGateway.run { gateway in
      let job = try await makeJob(.failed, of: gateway)
      #expect(try await gateway.status(of: job).images.failed == 1)
      let images = try await gateway.post("jobs/\(job)/retry").decoded(as: JobStatus.self).images
      #expect(images.failed == 0)
      #expect(images.pending == 1)
      #expect(images.completed == 1)
      #expect(try await gateway.get("jobs/\(job)/failures").text == "[]")
    }
  }

  @Test func `failures are told by reason, the most frequent first`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\nc\nd\n")
      #expect(try await gateway.get("jobs/\(job)/failures").text == "[]")
      try await gateway.fail(job, reasons: ["The disk is full.", "No memory.", "No memory."])
      let answer = try await gateway.get("jobs/\(job)/failures")
      #expect(answer.status == 200)
      #expect(
        try answer.decoded(as: [FailureReason].self) == [
          FailureReason(reason: "No memory.", images: 2, example: "b"),
          FailureReason(reason: "The disk is full.", images: 1, example: "a"),
        ])
    }
  }

  @Test func `what changes something is refused with 503 while the coordinator shuts down`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      await gateway.stop()
      let answer = try await gateway.post("jobs/\(job)/pause")
      #expect(answer.status == 503)
      #expect(try answer.refusal.code == "unavailable")
      #expect(try answer.refusal.message == "The coordinator is shutting down.")
    }
  }
}
