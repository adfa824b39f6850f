import Shared
import Testing

/// What stands outside of the native API, and paths that lead nowhere.
@Suite struct PageTests {
  @Test func `health says ok and nothing else`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.page("/health")
      #expect(answer.status == 200)
      #expect(answer.bytes.isEmpty)
    }
  }

  @Test func `metrics are Prometheus' text, counted anew each time`() async throws {
    try await TestGateway.run { gateway in
      let before = try await gateway.page("/metrics")
      #expect(before.status == 200)
      #expect(before.type == "text/plain; version=0.0.4")
      #expect(before.text.contains("# TYPE atelier_tasks gauge\n"))
      #expect(before.text.contains("\natelier_store_working 1\n"))
      #expect(!before.text.contains("atelier_jobs{"))
      _ = try await gateway.submit("a\nb\n")
      let after = try await gateway.page("/metrics").text
      #expect(after.contains("\natelier_jobs{state=\"active\"} 1\n"), "\(after)")
      #expect(after.contains("\natelier_tasks{stage=\"embed\",state=\"ready\"} 2\n"), "\(after)")
    }
  }

  @Test func `every metric has a help text, a type and then its values`() async throws {
    try await TestGateway.run { gateway in
      _ = try await gateway.submit()
      try await gateway.connect(WorkerID("decoder-7"))
      let text = try await gateway.page("/metrics").text
      var name = ""
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        if line.hasPrefix("# HELP ") {
          name = String(words[2])
        } else if line.hasPrefix("# TYPE ") {
          #expect(words[2] == name, "\(line)")
          #expect(["counter", "gauge", "histogram"].contains(words[3]), "\(line)")
        } else {
          #expect(line.hasPrefix(name), "\(line) stands under \(name)")
          let number = words.last.flatMap { Double($0) }
          #expect(number != nil, "\(line) has no number")
        }
      }
      #expect(text.contains("\natelier_workers{pool=\"decoder\",state=\"connected\"} 1\n"), "\(text)")
    }
  }

  @Test func `the dashboard is a page that asks the native API`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.page("/")
      #expect(answer.status == 200)
      #expect(answer.type == "text/html; charset=utf-8")
      #expect(answer.text.hasPrefix("<!doctype html>"))
      #expect(answer.text.contains("'/api/v1/'"))
      #expect(answer.text.hasSuffix("</html>"))
      #expect(!answer.text.contains("onclick") && !answer.text.contains("style="))
    }
  }

  @Test(arguments: ["/nowhere", "/api/v1", "/api/v1/nowhere", "/api/v2/jobs", "/health/more", "/api/v1/jobs/a/b/c/d/e"])
  func `a path that leads nowhere is 404, as JSON`(path: String) async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.page(path)
      #expect(answer.status == 404)
      #expect(answer.type == "application/json")
      #expect(try answer.refusal.code == "http")
      #expect(try answer.refusal.message.contains("Not Found"))
    }
  }

  @Test(arguments: ["workers", "models", "cluster", "expiry"])
  func `a route that only tells is not found by what changes`(path: String) async throws {
    try await TestGateway.run { (gateway: TestGateway) async throws -> Void in
      #expect(try await gateway.post(path).status == 404)
    }
  }

  @Test(arguments: ["pause", "resume", "cancel", "retry"])
  func `a change is not made by asking`(verb: String) async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      #expect(try await gateway.get("jobs/\(job)/\(verb)").status == 404)
      #expect(try await gateway.status(of: job).state == .active)
    }
  }
}
