import Foundation
import Shared
import Testing

/// Asking for jobs.
@Suite struct JobRouteTests {
  @Test func `without jobs the list is empty, not missing`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.get("jobs")
      #expect(answer.status == 200)
      #expect(answer.type == "application/json")
      #expect(answer.text == "[]")
    }
  }

  @Test func `jobs are listed newest first, as many as asked for`() async throws {
    try await TestGateway.run { gateway in
      var jobs: [JobID] = []
      for index in 0..<4 {
        let job = try await gateway.submit(query: "name=job\(index)")
        jobs.insert(job, at: 0)
      }
      // 100 is more than the coordinator has at hand, and asks the store.
      for (query, count) in [("", 4), ("?limit=3", 3), ("?limit=1", 1), ("?limit=100", 4), ("?limit=5000", 4)] {
        let answer = try await gateway.get("jobs" + query)
        #expect(try answer.decoded(as: [JobStatus].self).map(\.id) == Array(jobs.prefix(count)), "jobs\(query)")
      }
    }
  }

  @Test(arguments: [("0", 1), ("-5", 1), ("many", 2), ("", 2)])
  func `a limit that makes no sense is bounded or left out`(limit: String, count: Int) async throws {
    try await TestGateway.run { gateway in
      for _ in 0..<2 { _ = try await gateway.submit() }
      let answer = try await gateway.get("jobs?limit=\(limit)")
      #expect(answer.status == 200)
      #expect(try answer.decoded(as: [JobStatus].self).count == count)
    }
  }

  @Test func `a job tells its counts, its model and what it waits for`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\n", query: "n=3&priority=7&name=two%20prompts")
      let answer = try await gateway.get("jobs/\(job)")
      #expect(answer.status == 200)
      #expect(answer.type == "application/json")
      let status = try answer.decoded(as: JobStatus.self)
      #expect(status.id == job)
      #expect(status.name == "two prompts")
      #expect(status.state == .active)
      #expect(status.priority == 7)
      #expect(status.model == TestGateway.model.name)
      #expect(status.modelDigest == TestGateway.model.digest)
      #expect(status.items == 2)
      #expect(status.images.total == 6)
      #expect(status.images.pending == 6)
      #expect(status.finishedAt == nil)
      #expect(status.stages.map(\.stage) == Stage.allCases)
      #expect(status.waitingFor.first?.hasPrefix("No prior worker is connected") == true)
    }
  }

  @Test func `a job whose images are done is completed`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\n")
      try await gateway.finish(job)
      let status = try await gateway.status(of: job)
      #expect(status.state == .completed)
      #expect(status.images.completed == 2)
      #expect(status.finishedAt != nil)
      #expect(status.waitingFor.isEmpty)
      #expect(status.stages.map(\.done) == [2, 2, 2])
      // The list tells the same, from what the coordinator has at hand and from the store.
      for query in ["", "?limit=1"] {
        let listed = try await gateway.get("jobs\(query)").decoded(as: [JobStatus].self)
        #expect(listed == [status])
      }
    }
  }

  @Test(arguments: ["jobs/job-none", "jobs/job-none/images", "jobs/job-none/failures", "jobs/job-none/pictures/0/0"])
  func `what is not there is 404, with its name`(path: String) async throws {
    try await TestGateway.run { gateway in
      _ = try await gateway.submit()
      let answer = try await gateway.get(path)
      #expect(answer.status == 404)
      #expect(answer.type == "application/json")
      #expect(try answer.refusal.code == "not_found")
      #expect(try answer.refusal.message.contains("'job-none'"), "\(answer.text)")
    }
  }

  @Test func `a refusal is an object with a code and a sentence, and nothing else`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.get("jobs/job-none")
      let object = try JSONSerialization.jsonObject(with: Data(answer.bytes)) as? [String: [String: String]]
      #expect(
        object == [
          "error": [
            "code": "not_found", "message": "There is no job 'job-none'. 'atelier jobs' lists them.",
          ]
        ])
    }
  }
}
