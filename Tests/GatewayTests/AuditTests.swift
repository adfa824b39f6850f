import Foundation
import Hummingbird
import Logging
import Shared
import TestSupport
import Testing

@testable import Gateway

/// What is written down of who changes what.
@Suite struct AuditTests {
  private func entries(_ path: String) throws -> [AuditLog.Entry] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      try JSONCoding.decode(AuditLog.Entry.self, from: Data($0.utf8))
    }
  }

  @Test func `every change is a line, also one that is refused; questions are none`() async throws {
    try await TestGateway.guarded { gateway in
      let created = try await gateway.token("alice", [.read, .submit])
      let made = try await gateway.send(.post, "jobs", as: created.token, "a\n").decoded(as: Submitted.self)
      _ = try await gateway.send(.get, "jobs", as: created.token)
      _ = try await gateway.send(.post, "backup", as: created.token)
      _ = try await gateway.post("jobs/\(made.job)/cancel")
      let path = gateway.folder.path + "/data/audit.jsonl"
      let lines = try entries(path)
      #expect(lines.map(\.path) == ["/api/v1/jobs", "/api/v1/backup", "/api/v1/jobs/\(made.job)/cancel"])
      #expect(lines.map(\.owner) == ["alice", "alice", nil])
      #expect(lines.map(\.token) == [created.info.id, created.info.id, nil])
      #expect(lines.map(\.status) == [201, 403, 401])
      #expect(lines.first?.made == "/api/v1/jobs/\(made.job)")
      #expect(lines.allSatisfy { $0.method == "POST" && abs($0.time.timeIntervalSinceNow) < 3600 })
      let text = try String(contentsOfFile: path, encoding: .utf8)
      #expect(!text.contains(created.token.suffix(64)))
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
      #expect(mode?.intValue == 0o600)
    }
  }

  @Test(.timeLimit(.minutes(2))) func `a line says from where`() async throws {
    try await TestGateway.guarded { gateway in
      try await gateway.serve { port in
        _ = try await RawClient.ask(
          "POST /api/v1/jobs", ["Host: 127.0.0.1", "X-Forwarded-For: 10.1.2.3"], "a\n", port: port, from: "127.0.0.9")
        let line = try entries(gateway.folder.path + "/data/audit.jsonl").first
        #expect(line?.address == "127.0.0.9")
        // The settings say that a proxy stands before it.
        #expect(line?.forwardedFor == "10.1.2.3")
      }
    }
  }

  @Test func `a log that cannot be written stops nobody`() async throws {
    try await TestGateway.run { gateway in
      try FileManager.default.createDirectory(
        atPath: gateway.folder.path + "/data/audit.jsonl", withIntermediateDirectories: true)
      _ = try await gateway.submit()
    }
  }

  @Test func `a full file is set aside, and so many are kept`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/audit.jsonl"
    let log = AuditLog(path, largest: 300, kept: 2, logger: Logger(label: "test"))
    for number in 0..<20 {
      log.append(
        AuditLog.Entry(
          time: Date(timeIntervalSince1970: 0), address: "", method: "POST", path: "/\(number)", status: 200))
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(files.suffix(2) == ["audit.jsonl.1", "audit.jsonl.2"])
    let kept = try (entries(path + ".2") + entries(path + ".1")).map(\.path)
    // In their order, without a gap.
    let numbers = kept.compactMap { Int($0.dropFirst()) }
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 + 1 == $1 })
    #expect(numbers.count >= 4)
  }
}
