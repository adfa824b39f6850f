import Foundation
import Shared
import TestSupport
import Testing

/// A database that is lost by real processes, and comes back.
@Suite(.serialized) struct RestoreProcessTests {
  @Test(.timeLimit(.minutes(5)))
  func `a database whose log is lost is refused, and a backup takes its place once no coordinator runs`() async throws {
    let processes = try Processes()
    let folder = processes.folder.path
    let config = ["--config", folder + "/cluster.yaml"]
    let coordinator = try processes.start(["coordinator"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let file = try processes.folder.write("a red apple\n", to: "prompts.txt")
    let job = try processes.submit([file])
    let backup = folder + "/monday.sqlite"
    #expect(try processes.run(["backup", backup]).status == 0)
    let later = try processes.submit([file])

    let early = try processes.run(["restore", backup] + config)
    #expect(early.status == 1)
    #expect(early.error.contains("another coordinator uses this data directory"), "\(early.error)")

    processes.die(coordinator)
    try FileManager.default.removeItem(atPath: folder + "/data/atelier.sqlite-wal")
    let refused = try processes.run(["coordinator"] + config)
    #expect(refused.status == 1)
    #expect(refused.error.contains("its log '\(folder)/data/atelier.sqlite-wal' is missing"), "\(refused.error)")

    let restored = try processes.run(["restore", backup] + config)
    #expect(restored.status == 0, "\(restored.error)")
    #expect(restored.output.contains("atelier.sqlite: 1 job\n"), "\(restored.output)")
    try processes.start(["coordinator"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    #expect(try processes.status(of: job)?.images.pending == 1)
    #expect(try processes.status(of: later) == nil)
  }
}
