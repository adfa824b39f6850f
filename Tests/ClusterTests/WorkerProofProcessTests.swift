import Foundation
import Shared
import TestSupport
import Testing

@testable import atelier

/// Real processes that prove who they are.
@Suite(.serialized) struct WorkerProofProcessTests {
  private static let steps = ["--prior-steps", "2", "--decoder-steps", "2", "--super-res-steps", "2", "--seed", "3"]

  private func expectPictures(_ processes: Processes) async throws {
    let file = try processes.folder.write("a red apple\n", to: "prompts.txt")
    let job = try processes.submit([file] + Self.steps)
    #expect(try await eventually { try processes.status(of: job)?.state == .completed })
  }

  @Test(.timeLimit(.minutes(3)))
  func `a worker joins with one line, renders, and comes back without a token`() async throws {
    let processes = try Processes(security: "curve")
    let folder = processes.folder.path
    try processes.start(["coordinator"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let keys = try FileManager.default.attributesOfItem(atPath: folder + "/data/keys/workers.key")
    #expect(keys[.posixPermissions] as? Int == 0o600)
    #expect(
      try FileManager.default.attributesOfItem(atPath: folder + "/data")[.posixPermissions] as? Int == 0o700)

    let made = try processes.run(["worker-token", "--ttl", "5m", "--uses", "2"])
    #expect(made.status == 0, "\(made.error)")
    #expect(made.error.contains("Good for 5m and 2 workers"), "\(made.error)")
    let token = try processes.folder.write(made.output, to: "token.txt")
    let prior = ["worker", "--pool", "prior", "--threads", "1", "--state", folder + "/prior"]
    try processes.start(prior + ["--token-file", token])
    var decoder = try processes.start(
      ["worker", "--pool", "decoder", "--threads", "1", "--state", folder + "/decoder", "--token-file", token])
    try await expectPictures(processes)
    #expect(
      try FileManager.default.attributesOfItem(atPath: folder + "/decoder/worker.key")[.posixPermissions] as? Int
        == 0o600)

    processes.die(decoder)
    decoder = try processes.start(["worker", "--pool", "decoder", "--threads", "1", "--state", folder + "/decoder"])
    try await expectPictures(processes)

    let third = try processes.run(
      ["worker", "--pool", "decoder", "--config", folder + "/cluster.yaml", "--state", folder + "/third"]
        + ["--token-file", token])
    #expect(third.status == 1)
    #expect(third.error.contains("was used already"), "\(third.error)")
    let same = try processes.run(prior + ["--config", folder + "/cluster.yaml"])
    #expect(same.status == 1)
    #expect(same.error.contains("Another worker uses the key in"), "\(same.error)")

    let listed = try processes.run(["workers", "keys", "--json"])
    let all = try JSONCoding.decode([WorkerKeyStatus].self, from: Data(listed.output.utf8))
    #expect(all.count == 2)
    for key in all {
      let revoked = try processes.run(["workers", "revoke", key.fingerprint])
      #expect(revoked.status == 0, "\(revoked.error)")
    }
    #expect(try await eventually { !decoder.isRunning })
    #expect(decoder.ending == .status(1))
  }

  @Test(.timeLimit(.minutes(2))) func `what up starts needs no token, and nobody else gets in without`() async throws {
    let processes = try Processes(security: "curve")
    let up = try processes.start(["up", "--threads", "1"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    try await expectPictures(processes)
    let listed = try processes.run(["workers", "--json"])
    let workers = try JSONCoding.decode([WorkerStatus].self, from: Data(listed.output.utf8))
    #expect(workers.count == 2)

    // One that does not know what is asked for is not heard.
    let stranger = try Stranger("ipc://\(processes.folder.path)/work")
    try stranger.say(Stranger.hello(), as: "decoder-x")
    try await expectPictures(processes)
    #expect(stranger.told.isEmpty)
    stranger.close()
    up.send(SIGTERM)
    #expect(try await eventually { !up.isRunning })
  }

  @Test func `beyond this machine nothing starts before it is said how workers prove who they are`() throws {
    let processes = try Processes()
    let config = try processes.folder.write(
      "coordinator:\n  data: other\n  http: 127.0.0.1:1\n  work: tcp://0.0.0.0:1\n", to: "open.yaml")
    for command in ["coordinator", "up"] {
      let answer = try processes.run([command, "--config", config])
      #expect(answer.status == 1)
      #expect(answer.error.contains("'security:' and '  workers: curve'"), "\(answer.error)")
    }
    #expect(!FileManager.default.fileExists(atPath: processes.folder.path + "/other"))
  }
}
