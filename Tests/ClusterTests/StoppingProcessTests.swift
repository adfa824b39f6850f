import Foundation
import Shared
import TestSupport
import Testing

@testable import atelier

/// Real processes that are told to stop while something hangs.
@Suite(.serialized) struct StoppingProcessTests {
  /// More than the five seconds that are promised, for a busy machine; less than for ever.
  private static let limit = Duration.seconds(30)

  /// Tells a process to stop until it has. Signals that come close together count as one.
  private func stop(_ process: ChildProcess) async throws -> Bool {
    try await eventually(within: Self.limit) {
      process.send(SIGTERM)
      return !process.isRunning
    }
  }

  @Test(.timeLimit(.minutes(3))) func `a worker leaves at the second SIGTERM, though nobody answers it`() async throws {
    let processes = try Processes()
    let coordinator = try processes.start(["coordinator"])
    try processes.start(["worker", "--pool", "prior", "--threads", "1"])
    let decoder = try processes.start(["worker", "--pool", "decoder", "--threads", "1"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let file = try processes.folder.write("a long picture\n", to: "prompts.txt")
    _ = try processes.submit([file, "--prior-steps", "3", "--decoder-steps", "1000"])
    #expect(try await eventually { try processes.step(of: .denoise) > 3 })
    processes.die(coordinator)
    #expect(try await stop(decoder))
    // It has left work behind.
    #expect(decoder.ending == .status(1))
  }

  @Test(.timeLimit(.minutes(3)))
  func `one SIGTERM lets a worker finish its task, whose result is kept`() async throws {
    let processes = try Processes()
    try processes.start(["coordinator"])
    try processes.start(["worker", "--pool", "prior", "--threads", "1"])
    let first = try processes.start(["worker", "--pool", "decoder", "--threads", "1"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let file = try processes.folder.write("a long picture\n", to: "prompts.txt")
    let job = try processes.submit([file, "--prior-steps", "3", "--decoder-steps", "1000", "--super-res-steps", "3"])
    #expect(try await eventually { try processes.step(of: .denoise) > 3 })
    #expect(first.isRunning)
    first.send(SIGTERM)
    #expect(try await eventually { !first.isRunning })
    // It has left nothing behind.
    #expect(first.ending == .status(0))
    try processes.start(["worker", "--pool", "decoder", "--threads", "1"])
    #expect(try await eventually { try processes.status(of: job)?.state == .completed })
    let out = processes.folder.path + "/out"
    #expect(try processes.run(["fetch", job, "--out", out]).status == 0)
    let text = try String(contentsOfFile: out + "/manifest.jsonl", encoding: .utf8)
    let line = try JSONCoding.decode(ManifestLine.self, from: Data(text.utf8))
    let denoise = try #require(line.stages.first { $0.stage == .denoise })
    #expect(denoise.attempts == 1)
    #expect(denoise.worker?.contains("\(first.processIdentifier)") == true, "\(denoise)")
  }

  @Test(.timeLimit(.minutes(3))) func `a coordinator leaves, though an upload hangs`() async throws {
    let processes = try Processes()
    let coordinator = try processes.start(["coordinator"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let client = try RawClient(port: processes.port)
    client.send("POST /api/v1/jobs?format=txt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\na prompt\n")
    #expect(try await stop(coordinator))
    // Not by a signal.
    if case .signal = coordinator.ending { Issue.record("\(coordinator.ending as Any)") }
    withExtendedLifetime(client) {}
    // The half of a job that it had is gone, and its database is sound.
    try processes.start(["coordinator"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    #expect(try JSONCoding.decode([JobStatus].self, from: Data(processes.run(["jobs", "--json"]).output.utf8)).isEmpty)
  }

  @Test(.timeLimit(.minutes(3)), arguments: [SIGKILL, SIGHUP])
  func `nothing that up has started outlives it`(signal: Int32) async throws {
    let processes = try Processes()
    let up = try processes.start(["up"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    var children: [Int32] = []
    #expect(
      try await eventually {
        children = try Self.children(of: up.processIdentifier)
        return children.count == 3
      })
    up.send(signal)
    #expect(try await eventually { !up.isRunning && children.allSatisfy { kill($0, 0) != 0 || Self.isDead($0) } })
  }

  /// Ids of the processes that a process has started.
  private static func children(of parent: Int32) throws -> [Int32] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(parent)/task").flatMap { thread in
      let text = (try? String(contentsOfFile: "/proc/\(parent)/task/\(thread)/children", encoding: .utf8)) ?? ""
      return text.split(separator: " ").compactMap { Int32($0) }
    }
  }

  /// Whether a process has ended and only waits for somebody to ask how.
  private static func isDead(_ id: Int32) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8) else { return true }
    return status.contains("State:\tZ")
  }
}
