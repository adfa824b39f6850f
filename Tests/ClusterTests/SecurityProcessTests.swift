import Foundation
import Shared
import TestSupport
import Testing

/// HTTPS, tokens and what does not start without them, with real processes.
@Suite(.serialized) struct SecurityProcessTests {
  /// A cluster with further settings behind those that all have.
  private func processes(_ settings: String) throws -> Processes {
    let processes = try Processes()
    let path = processes.folder.path + "/cluster.yaml"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    _ = try processes.folder.write(text + "\n" + settings, to: "cluster.yaml")
    return processes
  }

  /// Runs a command as on the coordinator's machine, beside its settings.
  private func here(_ processes: Processes, _ arguments: [String]) throws -> (
    status: Int32, output: String, error: String
  ) {
    try processes.run(arguments, in: processes.folder.path, environment: ["ATELIER_SERVER": ""])
  }

  private func created(_ processes: Processes) throws -> CreatedToken {
    let made = try here(
      processes, ["token", "create", "--name", "alice", "--scope", "read,submit", "--expires", "1d", "--json"])
    try #require(made.status == 0, "\(made.error)")
    return try JSONCoding.decode(CreatedToken.self, from: Data(made.output.utf8))
  }

  @Test(.timeLimit(.minutes(3))) func `HTTPS with a certificate of its own, which clients pin`() async throws {
    let processes = try processes("security:\n  http: tls\n")
    let coordinator = try processes.start(["coordinator"])
    #expect(try await eventually { try here(processes, ["jobs"]).status == 0 })
    let token = try created(processes)
    let fingerprint = try #require(token.fingerprint)
    for name in ["http-key.pem", "http-certificate.pem", LocalToken.name] {
      let facts = try FileManager.default.attributesOfItem(atPath: processes.folder.path + "/data/keys/" + name)
      #expect((facts[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
    }
    let url = "https://127.0.0.1:\(processes.port)"
    func elsewhere(_ arguments: [String], _ server: String, _ secret: String) throws -> (
      status: Int32, output: String, error: String
    ) {
      try processes.run(arguments, environment: ["ATELIER_SERVER": server, "ATELIER_API_TOKEN": secret])
    }
    let file = try processes.folder.write("a red apple\n", to: "prompts.txt")
    let submitted = try elsewhere(["submit", file], "\(url)#sha256:\(fingerprint)", token.token)
    #expect(submitted.status == 0, "\(submitted.error)")
    let wrong = String(fingerprint.reversed())
    let other = try elsewhere(["jobs"], "\(url)#sha256:\(wrong)", token.token)
    #expect(other.status == 1)
    #expect(other.error.contains("somebody may be between"), "\(other.error)")
    // Nobody has issued it, and nobody speaks without it.
    #expect(try elsewhere(["jobs"], url, token.token).status == 1)
    #expect(try elsewhere(["jobs"], "http://127.0.0.1:\(processes.port)", token.token).status == 1)
    let refused = try elsewhere(
      ["backup", processes.folder.path + "/copy"], "\(url)#sha256:\(fingerprint)", token.token)
    #expect(refused.status == 1)
    #expect(refused.error.contains("lacks the scope 'admin'"), "\(refused.error)")
    // The certificate stays, and so does the token; that of this machine is another, and is found.
    processes.die(coordinator)
    let second = try processes.start(["coordinator"])
    #expect(try await eventually { try here(processes, ["jobs"]).status == 0 })
    #expect(try elsewhere(["jobs"], "\(url)#sha256:\(fingerprint)", token.token).status == 0)
    // Another certificate follows at the next start; who has both fingerprints goes on.
    let rotated = try here(processes, ["keys", "rotate", "http", "--json"])
    let status = try JSONCoding.decode(CertificateStatus.self, from: Data(rotated.output.utf8))
    #expect(status.fingerprint == fingerprint && status.nextFingerprint != fingerprint)
    let pins = "\(url)#sha256:\(fingerprint),\(status.nextFingerprint)"
    #expect(try created(processes).fingerprint == "\(fingerprint),\(status.nextFingerprint)")
    #expect(try elsewhere(["jobs"], pins, token.token).status == 0)
    processes.die(second)
    try processes.start(["coordinator"])
    #expect(try await eventually { try here(processes, ["jobs"]).status == 0 })
    #expect(try elsewhere(["jobs"], pins, token.token).status == 0)
    #expect(try elsewhere(["jobs"], "\(url)#sha256:\(fingerprint)", token.token).status == 1)
    #expect(try created(processes).fingerprint == status.nextFingerprint)
    #expect(try here(processes, ["token", "revoke", token.info.id]).status == 0)
    let revoked = try elsewhere(["jobs"], pins, token.token)
    #expect(revoked.status == 1)
    #expect(revoked.error.contains("was revoked at"), "\(revoked.error)")
  }

  @Test(.timeLimit(.minutes(2))) func `tokens alone, behind a proxy`() async throws {
    let processes = try processes("security:\n  http: plain\n")
    try processes.start(["coordinator"])
    #expect(try await eventually { try here(processes, ["jobs"]).status == 0 })
    let token = try created(processes)
    #expect(token.fingerprint == nil)
    let none = try processes.run(["jobs"])
    #expect(none.status == 1)
    #expect(none.error.contains("asks for a token"), "\(none.error)")
    #expect(try processes.run(["jobs"], environment: ["ATELIER_API_TOKEN": token.token]).status == 0)
    let file = try processes.folder.write(token.token + "\n", to: "token")
    #expect(try processes.run(["jobs", "--api-token-file", file]).status == 0)
    let login = try here(processes, ["token", "login"])
    #expect(login.status == 0)
    #expect(login.output.hasPrefix("http://127.0.0.1:\(processes.port)/login?code=atl_"), "\(login.output)")
  }

  @Test(.timeLimit(.minutes(1))) func `what others reach does not start unprotected`() throws {
    let processes = try processes("")
    let path = processes.folder.path + "/cluster.yaml"
    let text = try String(contentsOfFile: path, encoding: .utf8).replacing("http: 127.0.0.1:", with: "http: 0.0.0.0:")
    _ = try processes.folder.write(text, to: "cluster.yaml")
    let answer = try processes.run(["coordinator", "--config", path])
    #expect(answer.status == 1)
    #expect(answer.error.contains("'security:' and below it '  http: tls'"), "\(answer.error)")
    #expect(!FileManager.default.fileExists(atPath: processes.folder.path + "/data"))
  }
}
