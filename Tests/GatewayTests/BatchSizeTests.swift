import Foundation
import Shared
import Testing

@testable import Coordinator
@testable import Gateway

/// The largest batches. They take a core for most of a minute, so the test command runs them by themselves.
@Suite struct BatchSizeTests {
  @Test func `more lines than a batch may have fail it, and exactly as many do not`() async throws {
    try await TestGateway.run { gateway in
      // Lines that ask for nothing cost little.
      func lines(_ count: Int) -> [String] { (0..<count).map { TestGateway.line("\($0)", "{\"prompt\": \"\"}") } }
      let most = try await gateway.batch(lines(Batch.mostLines))
      let more = try await gateway.batch(lines(Batch.mostLines + 1))
      try await gateway.batches().pass()
      let facts = try await gateway.facts(ofBatch: most)
      // All of them failed, which completes it all the same.
      #expect(facts["status"] as? String == "completed")
      #expect(facts["output_file_id"] is NSNull)
      #expect(facts["request_counts"] as? [String: Int] == ["total": 50_000, "completed": 0, "failed": 50_000])
      #expect(try await gateway.answers(ofBatch: most).failed.count == 50_000)
      let errors = try #require(try await gateway.facts(ofBatch: more)["errors"] as? [String: Any])
      #expect((errors["data"] as? [[String: Any]])?.first?["code"] as? String == "too_many_tasks")
    }
  }
}
