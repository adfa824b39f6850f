import Dashboard
import Foundation
import Hummingbird
import NIOCore
import Shared
import Testing

@testable import Gateway

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

  @Test func `the dashboard runs no script and no style but the files that it names`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.page("/")
      #expect(answer.status == 200)
      #expect(answer.type == "text/html; charset=utf-8")
      #expect(answer.text.hasPrefix("<!doctype html>"))
      let policy = try #require(answer.headers[.contentSecurityPolicy])
      #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'; "))
      #expect(!policy.contains("unsafe"))
      #expect(!answer.text.contains("style=") && !answer.text.contains("<style"))
      #expect(answer.text.matches(of: #/<script(?![^>]* src=)/#).isEmpty)
      #expect(answer.text.matches(of: #/ on[a-z]+=/#).isEmpty)
      #expect(answer.headers[.cacheControl] == "no-cache")
    }
  }

  @Test func `every file that the dashboard names is there, with its type, and is kept for ever`() async throws {
    try await TestGateway.run { gateway in
      let page = try await gateway.page("/").text
      let paths = page.matches(of: /(?:src|href)="(\/assets\/[^"]+)"/).map { String($0.1) }
      #expect(paths.count > 5)
      let types = ["css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"]
      for path in paths {
        let answer = try await gateway.page(path)
        #expect(answer.status == 200, "\(path)")
        #expect(answer.type == types[String(path.split(separator: ".").last ?? "")])
        #expect(answer.headers[.cacheControl] == "public, max-age=31536000, immutable")
        #expect(!answer.bytes.isEmpty)
      }
    }
  }

  @Test func `scripts load each other from their own version, and load only what is there`() throws {
    let files = DashboardResources.all
    for (name, bytes) in files where name.hasSuffix(".js") {
      for match in String(decoding: bytes, as: UTF8.self).matches(of: /from '([^']+)'/) {
        #expect(match.1.hasPrefix("./"), "\(name)")
        #expect(files[String(match.1.dropFirst(2))] != nil, "\(name) loads \(match.1)")
      }
    }
  }

  @Test func `the binary has the files of the dashboard's folder, all of them and as they are`() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/Dashboard/Files")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(names) == Set(DashboardResources.all.keys))
    for (name, bytes) in DashboardResources.all {
      let there = try Data(contentsOf: folder.appendingPathComponent(name))
      #expect(Array(there) == bytes, "\(name)")
    }
  }

  @Test func `another change of the dashboard has other addresses`() {
    let (one, other) = (
      DashboardFiles(files: ["index.html": Array("assets/@/a.js".utf8), "a.js": [1]]),
      DashboardFiles(files: ["index.html": Array("assets/@/a.js".utf8), "a.js": [2]])
    )
    #expect(one.version != other.version)
    #expect(one.page.tag != other.page.tag)
    #expect(String(buffer: one.page.bytes) == "/assets/\(one.version)/a.js")
  }

  @Test(arguments: ["/assets/none/main.js", "/assets/VERSION/none.js", "/assets/VERSION/index.html"])
  func `a file of another version, or that is none, is not found`(path: String) async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.page(path.replacing("VERSION", with: DashboardFiles.embedded.version))
      #expect(answer.status == 404)
      #expect(try answer.refusal.code == "not_found")
    }
  }

  @Test func `who has a file already is told so`() async throws {
    try await TestGateway.run { gateway in
      for path in ["/", "/assets/\(DashboardFiles.embedded.version)/main.js"] {
        let tag = try #require(try await gateway.page(path).headers[.eTag])
        let again = try await gateway.send(.get, path, headers: [.ifNoneMatch: "\"other\", W/\(tag)"])
        #expect(again.status == 304)
        #expect(again.bytes.isEmpty)
        #expect(again.headers[.eTag] == tag)
        #expect(try await gateway.send(.get, path, headers: [.ifNoneMatch: "\"other\""]).status == 200)
      }
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
