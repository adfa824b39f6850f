import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// Who waits for the end of a job is told by the turn in which it ends.
@Suite(.timeLimit(.minutes(3))) struct JobEndTests {
  @Test func `the end of a job is told to all who wait, and afterwards at once`() async throws {
    try await TestGateway.run { gateway in
      let coordinator = gateway.coordinator
      let job = try await gateway.submit()
      async let first = coordinator.finished(job)
      async let second = coordinator.finished(job)
      #expect(try await eventually { coordinator.jobEnds.count == 2 })
      try await gateway.finish(job)
      #expect(try await [first.state, second.state] == [.completed, .completed])
      #expect(coordinator.jobEnds.count == 0)
      #expect(try await coordinator.finished(job).state == .completed)
      #expect(coordinator.jobEnds.count == 0)
    }
  }

  @Test func `a cancelled job has ended, and a failed one`() async throws {
    try await TestGateway.run { gateway in
      let coordinator = gateway.coordinator
      let (cancelled, failed) = (try await gateway.submit(), try await gateway.submit())
      async let first = coordinator.finished(cancelled)
      async let second = coordinator.finished(failed)
      #expect(try await eventually { coordinator.jobEnds.count == 2 })
      _ = try await coordinator.cancel(cancelled)
      try await gateway.fail(failed, reasons: ["no"])
      #expect(try await first.state == .cancelled)
      #expect(try await second.images.failed == 1)
    }
  }

  @Test func `who is cancelled waits no more, and leaves nothing`() async throws {
    try await TestGateway.run { gateway in
      let coordinator = gateway.coordinator
      let job = try await gateway.submit()
      let waiting = Task { try await coordinator.finished(job) }
      #expect(try await eventually { coordinator.jobEnds.count == 1 })
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      #expect(coordinator.jobEnds.count == 0)
    }
  }

  @Test func `nobody waits for a coordinator that stops, nor for a job that there is not`() async throws {
    try await TestGateway.run { gateway in
      let coordinator = gateway.coordinator
      await #expect(throws: AtelierError.self) { try await coordinator.finished(JobID("job-none")) }
      let job = try await gateway.submit()
      let waiting = Task { try await coordinator.finished(job) }
      #expect(try await eventually { coordinator.jobEnds.count == 1 })
      await gateway.stop()
      await #expect(throws: (any Error).self) { try await waiting.value }
    }
  }
}
