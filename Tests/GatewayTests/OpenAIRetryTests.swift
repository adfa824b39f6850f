import Foundation
import Hummingbird
import Shared
import Synchronization
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// Calls that are sent again, and clients that go away.
@Suite(.timeLimit(.minutes(3))) struct OpenAIRetryTests {
  private static let key = CallsInFlight.Key(caller: [1], call: ImageCall(endpoint: .generations, prompt: "a"))

  /// Calls of which each begins a job of its own, in their order.
  private struct Calls {
    let calls: CallsInFlight
    /// Jobs that were given up.
    let cancelled = AsyncStream<JobID>.makeStream()
    private let begun = Counter()

    private final class Counter: Sendable {
      let count = Mutex(0)
    }

    init(grace: Duration) {
      let cancelled = cancelled
      calls = CallsInFlight(grace: grace) { cancelled.continuation.yield($0) }
    }

    func enter(_ key: CallsInFlight.Key = OpenAIRetryTests.key, isRetry: Bool) -> CallsInFlight.Ticket {
      let number = begun.count.withLock { count in
        count += 1
        return count
      }
      return calls.enter(key, isRetry: isRetry) {
        CallsInFlight.Begun(job: JobID("job-\(number)"), model: TestGateway.model)
      }
    }

    func firstCancelled() async -> JobID? {
      for await job in cancelled.stream { return job }
      return nil
    }
  }

  private func job(_ ticket: CallsInFlight.Ticket) async throws -> String { try await ticket.begun.value.job.text }

  @Test func `a call that is sent again joins the one in flight, and another does not`() async throws {
    let calls = Calls(grace: .seconds(3600))
    let first = calls.enter(isRetry: false)
    let same = calls.enter(isRetry: false)
    #expect(try await job(first) == "job-1")
    #expect(try await job(same) == "job-2")
    let again = calls.enter(isRetry: true)
    #expect(again.hasJoined)
    #expect(try await job(again) == "job-1")
    var others = Self.key
    others.caller = [2]
    #expect(!calls.enter(others, isRetry: true).hasJoined)
    var other = Self.key
    other.call.n = 2
    #expect(!calls.enter(other, isRetry: true).hasJoined)
    withExtendedLifetime((first, same)) {}
  }

  @Test func `it joins the call that lost its client, if there is one`() async throws {
    let calls = Calls(grace: .seconds(3600))
    let (first, second) = (calls.enter(isRetry: false), calls.enter(isRetry: false))
    second.leave(.gone)
    #expect(try await job(calls.enter(isRetry: true)) == "job-2")
    withExtendedLifetime(first) {}
  }

  @Test func `a call that nobody waits for any more is cancelled after a while`() async throws {
    let calls = Calls(grace: .zero)
    calls.enter(isRetry: false).leave(.gone)
    #expect(await calls.firstCancelled() == JobID("job-1"))
    #expect(calls.calls.count == 0)
  }

  @Test func `a client that goes without a word has gone`() async throws {
    let calls = Calls(grace: .zero)
    _ = calls.enter(isRetry: false)
    #expect(await calls.firstCancelled() == JobID("job-1"))
  }

  @Test func `as long as somebody waits nothing is cancelled`() async throws {
    let calls = Calls(grace: .zero)
    let first = calls.enter(isRetry: false)
    let again = calls.enter(isRetry: true)
    first.leave(.gone)
    // This one is given up, so that something is.
    var other = Self.key
    other.caller = [2]
    calls.enter(other, isRetry: false).leave(.gone)
    #expect(await calls.firstCancelled() == JobID("job-3"))
    #expect(calls.calls.count == 1)
    again.leave(.answered)
    #expect(calls.calls.count == 0)
  }

  @Test(arguments: [CallsInFlight.Ticket.Leaving.answered, .failed])
  func `what was answered, or came to nothing, is not joined`(leaving: CallsInFlight.Ticket.Leaving) async throws {
    let calls = Calls(grace: .seconds(3600))
    calls.enter(isRetry: false).leave(leaving)
    #expect(calls.calls.count == 0)
    #expect(!calls.enter(isRetry: true).hasJoined)
  }

  private func retried(_ count: Int) -> HTTPFields { [.retryCount: "\(count)"] }

  @Test func `a call that takes too long is 504, and the client that sends it again gets the same picture`()
    async throws
  {
    try await TestGateway.run(configure: {
      $0.openAI.timeout = .milliseconds(100)
      $0.openAI.grace = .seconds(3600)
    }) { gateway in
      let body = #"{"prompt": "a"}"#
      let late = try await gateway.ask("images/generations", body, headers: retried(0))
      #expect(late.status == 504)
      #expect(late.headers[.shouldRetry] == "true")
      #expect(try late.openAIError.code == "timeout")
      // It says what it waits for.
      #expect(try late.openAIError.message.contains("No prior worker is connected"), "\(late.text)")
      let job = try await gateway.waitingJob()
      try await gateway.finish(job)
      // Fields in another order are the same call. It may take too long again, on a busy machine.
      var answer: Answer?
      #expect(
        try await eventually {
          answer = try await gateway.ask("images/generations", #"{"n": 1, "prompt": "a"}"#, headers: retried(1))
          return answer?.status == 200
        })
      #expect(try answer?.pictures.first?["url"]?.contains("/\(job)/0/0?") == true)
      #expect(try await gateway.jobCount() == 1)
    }
  }

  @Test func `a restart cancels calls in flight, whose clients ask anew, and no other job`() async throws {
    let folder = try TemporaryFolder()
    var jobs: [JobID] = []
    try await TestGateway.run(in: folder) { gateway in
      let call = try await gateway.coordinator.submit(
        ItemRequest(prompt: "a"), options: SubmitOptions(interactive: true), keepSeconds: 60)
      jobs = [call.job, try await gateway.submit(), try await gateway.submit(query: "interactive=true")]
    }
    try await TestGateway.run(in: folder) { gateway in
      var states: [JobState] = []
      for job in jobs { states.append(try await gateway.status(of: job).state) }
      #expect(states == [.cancelled, .active, .active])
    }
  }

  @Test func `a client that closes its connection cancels what only it waits for`()
    async throws
  {
    try await TestGateway.run(configure: { $0.openAI.grace = .zero }) { gateway in
      try await gateway.serve { port in
        let body = #"{"prompt": "a"}"#
        func open() throws -> RawClient {
          let client = try RawClient(port: port)
          client.send(
            "POST /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
              + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
          return client
        }
        var client: RawClient? = try open()
        let job = try await gateway.waitingJob()
        client = nil
        _ = client
        #expect(try await eventually { try await gateway.status(of: job).state == .cancelled })
      }
    }
  }

  @Test func `a client of a stream that goes cancels it too`() async throws {
    try await TestGateway.run(configure: { $0.openAI.grace = .zero }) { gateway in
      try await gateway.serve { port in
        let body = #"{"prompt": "a", "stream": true}"#
        var client: RawClient? = try RawClient(port: port)
        client?.send(
          "POST /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        let job = try await gateway.waitingJob()
        client = nil
        #expect(try await eventually { try await gateway.status(of: job).state == .cancelled })
      }
    }
  }
}
