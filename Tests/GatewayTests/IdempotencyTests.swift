import Hummingbird
import Shared
import Store
import TestSupport
import Testing

@testable import Coordinator

/// A submission that is sent again because its answer was lost.
@Suite struct IdempotencyTests {
  private func send(
    _ gateway: TestGateway, _ text: String, key: String = "\"k-1\"", query: String = "seed=1"
  ) async throws -> Answer {
    let name = try #require(HTTPFields.Key("Idempotency-Key"))
    return try await gateway.send(.post, "/api/v1/jobs?" + query, Array(text.utf8), headers: [name: key])
  }

  private func jobs(_ gateway: TestGateway) async throws -> [JobID] {
    try await gateway.get("jobs").decoded(as: [JobStatus].self).map(\.id)
  }

  @Test func `the same key and submission give the first answer, and one job`() async throws {
    try await TestGateway.run { gateway in
      let query = "format=jsonl&skip_bad=true"
      let text = "{\"prompt\": \"a\"}\nbad\n{\"prompt\": \"b\", \"n\": 3}\n"
      let first = try await send(gateway, text, query: query)
      #expect(first.status == 201, "\(first.text)")
      #expect(try first.decoded(as: Submitted.self).skipped.count == 1)
      // Without the quotes it is the same key.
      for key in ["\"k-1\"", "k-1"] {
        let again = try await send(gateway, text, key: key, query: query)
        #expect(again.status == 201)
        #expect(again.text == first.text)
      }
      #expect(try await jobs(gateway).count == 1)
      let other = try await send(gateway, text, key: "\"k-2\"", query: query)
      #expect(other.status == 201)
      #expect(try await jobs(gateway).count == 2)
    }
  }

  @Test func `it holds after a restart of the coordinator`() async throws {
    let folder = try TemporaryFolder()
    var first: Answer?
    try await TestGateway.run(in: folder) { first = try await send($0, "a\n") }
    try await TestGateway.run(in: folder) { gateway in
      let again = try await send(gateway, "a\n")
      #expect(again.status == 201)
      #expect(again.text == first?.text)
      #expect(try await jobs(gateway).count == 1)
    }
  }

  @Test(arguments: [("b\n", "seed=1"), ("a\n", "seed=2"), ("a", "seed=1"), ("", "seed=1")])
  func `the same key with another submission is 422, and makes no job`(text: String, query: String) async throws {
    try await TestGateway.run { gateway in
      let job = try await send(gateway, "a\n").decoded(as: Submitted.self).job
      let other = try await send(gateway, text, query: query)
      #expect(other.status == 422)
      #expect(try other.refusal.code == "wrong_state")
      #expect(try other.refusal.message.contains("The idempotency key 'k-1' came before"), "\(other.text)")
      #expect(try await jobs(gateway) == [job])
    }
  }

  @Test func `a submission that was refused may be mended under its key`() async throws {
    try await TestGateway.run { gateway in
      let refused = try await send(gateway, "bad\n", query: "format=jsonl")
      #expect(refused.status == 400)
      let mended = try await send(gateway, "{\"prompt\": \"a\"}\n", query: "format=jsonl")
      #expect(mended.status == 201, "\(mended.text)")
      #expect(try await jobs(gateway).count == 1)
    }
  }

  @Test func `one that is still being received, on a connection that broke, blocks nobody`() async throws {
    try await TestGateway.run { gateway in
      let key = try IdempotencyKey(header: "k-1")
      var broken = try await Submission(
        to: gateway.coordinator, options: SubmitOptions(seed: 1), format: .text, key: key)
      try await broken.consume("a\n".utf8)
      let answer = try await send(gateway, "a\nb\n")
      #expect(answer.status == 201)
      let job = try answer.decoded(as: Submitted.self).job
      #expect(try await jobs(gateway) == [job])
      await broken.abandon()
      #expect(try await jobs(gateway).count == 1)
    }
  }

  @Test func `several at once make one job, whose answer all get`() async throws {
    try await TestGateway.run { gateway in
      let key = try IdempotencyKey(header: "k-1")
      var submissions: [Submission] = []
      for _ in 0..<3 {
        submissions.append(
          try await Submission(to: gateway.coordinator, options: SubmitOptions(), format: .text, key: key))
      }
      var answers: [Submitted] = []
      for index in submissions.indices {
        try await submissions[index].consume("a\nb\n".utf8)
        answers.append(try await submissions[index].finish())
      }
      let first = try #require(answers.first)
      #expect(answers == [first, first, first])
      #expect(try await jobs(gateway) == [first.job])
      // The others leave nothing.
      let isAlone = try await eventually {
        try await gateway.coordinator.store.read { try $0.jobsByState() }.map(\.count) == [1]
      }
      #expect(isAlone)

      var other = try await Submission(
        to: gateway.coordinator, options: SubmitOptions(priority: 3), format: .text, key: key)
      try await other.consume("a\nb\n".utf8)
      let error = await #expect(throws: AtelierError.self) { _ = try await other.finish() }
      #expect(error?.code == .wrongState)
      await other.abandon()
      #expect(try await jobs(gateway) == [first.job])
    }
  }

  @Test(arguments: ["", "\"\"", "\"a", "a, b", "\"a\" b", "\"\\a\"", "\u{e4}", String(repeating: "k", count: 201)])
  func `what is no key is 400`(header: String) async throws {
    try await TestGateway.run { gateway in
      let error = #expect(throws: AtelierError.self) { _ = try IdempotencyKey(header: header) }
      #expect(error?.code == .invalidInput)
      guard !header.isEmpty, header.utf8.allSatisfy({ $0 < 0x80 }) else { return }
      let answer = try await send(gateway, "a\n", key: header)
      #expect(answer.status == 400)
      #expect(try answer.refusal.message.contains("The header Idempotency-Key is"), "\(answer.text)")
      #expect(try await jobs(gateway).isEmpty)
    }
  }

  @Test(
    arguments: [("\"a\"", "a"), (" \"a b\" ", "a b"), ("\"a \\\"b\\\" \\\\c\"", "a \"b\" \\c"), ("k/1", "k/1")])
  func `a key is a string of a header, and comes back from it`(header: String, text: String) throws {
    let key = try IdempotencyKey(header: header)
    #expect(key.text == text)
    #expect(try IdempotencyKey(header: key.header) == key)
    #expect(IdempotencyKey() != IdempotencyKey())
  }
}
