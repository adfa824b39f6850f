import Foundation
import Shared
import TestSupport
import Testing

/// Real processes whose keys are replaced.
@Suite(.serialized) struct KeyRotationProcessTests {
  @Test(.timeLimit(.minutes(4)))
  func `keys of coordinator, manifests and workers are replaced, and pictures come all the while`() async throws {
    let processes = try Processes(security: "curve")
    let folder = processes.folder.path
    func facts<Value: Decodable>(_ arguments: [String]) throws -> Value {
      let answer = try processes.run(arguments + ["--json"])
      try #require(answer.status == 0, "\(answer.error)")
      return try JSONCoding.decode(Value.self, from: Data(answer.output.utf8))
    }
    func render() async throws -> String {
      let file = try processes.folder.write("a red apple\n", to: "prompts.txt")
      let job = try processes.submit(
        [file, "--prior-steps", "2", "--decoder-steps", "2", "--super-res-steps", "2", "--seed", "3"])
      #expect(try await eventually { try processes.status(of: job)?.state == .completed })
      return job
    }
    try processes.start(["coordinator"])
    #expect(try await eventually { try processes.run(["jobs"]).status == 0 })
    let token = try processes.run(["worker-token", "--uses", "2"]).output
    let file = try processes.folder.write(token, to: "token.txt")
    func worker(_ pool: String) -> [String] {
      ["worker", "--pool", pool, "--threads", "1", "--state", folder + "/" + pool]
    }
    try processes.start(worker("prior") + ["--token-file", file])
    let decoder = try processes.start(worker("decoder") + ["--token-file", file])
    let first = try await render()
    let out = folder + "/out"
    #expect(try processes.run(["fetch", first, "--out", out]).status == 0)
    let oldKey = try processes.run(["keys", "show"]).output

    // Manifests: the old one verifies with what is printed now, too.
    let manifest: ManifestKey = try facts(["keys", "rotate", "manifest"])
    #expect(manifest.publicKey + "\n" != oldKey)
    #expect(manifest.retired.map { $0.publicKey + "\n" } == [oldKey])
    let keys = try processes.folder.write(processes.run(["keys", "show", "--retired"]).output, to: "keys.txt")
    #expect(try processes.run(["verify", out, "--key", keys]).status == 0)
    #expect(try processes.run(["verify", out, "--key", manifest.publicKey]).status == 1)
    // The manifest says on what kind of machine it was made, which is this one.
    let again = try processes.run(
      ["verify", out, "--key", keys, "--rerender", "1", "--model", Processes.model, "--json"])
    #expect(again.status == 0, "\(again.error)")
    #expect(again.output.contains("\"is_same_kind\" : true"), "\(again.output)")
    #expect(try processes.run(["fetch", first, "--out", out + "2"]).status == 0)
    #expect(try processes.run(["verify", out + "2", "--key", manifest.publicKey]).status == 0)

    // The coordinator's key: workers learn the next one, keep it, and go on with it.
    let rotated: ServerKeyStatus = try facts(["keys", "rotate", "workers", "--overlap", "1h"])
    let next = try #require(rotated.nextFingerprint)
    func known(_ pool: String) throws -> [String] {
      let membership = try #require(try WorkerMembership(in: KeyFolder(folder + "/" + pool)))
      return ([membership.serverKey] + (membership.otherServerKeys ?? [])).compactMap { CurveKey($0)?.fingerprint }
    }
    for pool in ["prior", "decoder"] {
      #expect(try await eventually { try known(pool) == [rotated.fingerprint, next] })
    }
    let switched: ServerKeyStatus = try facts(["keys", "rotate", "workers", "--overlap", "1s"])
    #expect(switched.nextFingerprint == next)
    for pool in ["prior", "decoder"] { #expect(try await eventually { try known(pool) == [next] }) }
    _ = try await render()

    // A worker's own key, under the same name.
    processes.die(decoder)
    try processes.start(worker("decoder") + ["--new-key"])
    #expect(
      try await eventually {
        let listed: [WorkerKeyStatus] = try facts(["workers", "keys"])
        return listed.count == 3 && listed.count { $0.revokedAt != nil } == 1
          && listed.count { $0.replaces != nil } == 1
      })
    _ = try await render()
    let refused = try processes.run(["worker", "--pool", "prior", "--new-key", "--token-file", file])
    #expect(refused.status != 0)
    #expect(refused.error.contains("brings a new key by itself"), "\(refused.error)")
  }
}
