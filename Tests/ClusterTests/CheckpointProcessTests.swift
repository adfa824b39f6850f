import Foundation
import Shared
import TestSupport
import Testing

/// A killed worker costs at most one checkpoint interval of its work: with real processes and `kill -9`.
@Suite(.serialized) struct CheckpointProcessTests {
  /// Besides the interval: the step that was running, and what the message and its commit take on a busy machine.
  private static let slack = Duration.seconds(1)

  /// With an hour between states nothing is saved in these seconds: then what is asserted must not hold.
  @Test(.timeLimit(.minutes(3)), arguments: [(0.4, true), (3600, false)])
  func `what a killed worker had done an interval ago is not done again`(interval: Double, isKept: Bool) async throws {
    let processes = try Processes(model: Processes.root + "/models/starter", checkpointSeconds: interval)
    try processes.start(["coordinator"])
    try processes.start(["worker", "--pool", "prior", "--threads", "1"])
    let first = try processes.start(["worker", "--pool", "decoder", "--threads", "1"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let file = try processes.folder.write("a long picture\n", to: "prompts.txt")
    let submitted = try processes.run(
      ["submit", file, "--seed", "3", "--prior-steps", "3", "--decoder-steps", "1000", "--super-res-steps", "3"])
    #expect(submitted.status == 0, "\(submitted.error)")

    var seen: [(at: ContinuousClock.Instant, step: Int)] = []
    let kept = Duration.seconds(min(interval, 0.4)) + Self.slack
    #expect(
      try await eventually(within: .seconds(60)) {
        let step = try processes.step(of: .denoise)
        if step > 0 { seen.append((.now, step)) }
        return seen.first.map { $0.at + kept + .seconds(1) < .now } ?? false
      })
    let death = ContinuousClock.now
    processes.die(first)
    let least = seen.last { $0.at <= death - kept }?.step ?? 0
    #expect(least > 0)

    let log = processes.folder.path + "/second.log"
    try processes.start(["worker", "--pool", "decoder", "--threads", "1"], log: log)
    var begins: Int?
    #expect(
      try await eventually(within: .seconds(30)) {
        begins = try processes.firstStep(of: .denoise, inLog: log)
        return begins != nil
      })
    let step = try #require(begins)
    #expect((step >= least) == isKept, "it goes on from step \(step); step \(least) was done in time")
  }
}
