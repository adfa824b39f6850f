import ArgumentParser
import Shared
import Testing

@testable import atelier

@Suite struct WorkerKeyOptionTests {
  @Test(
    arguments: [
      ("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604_800), ("60", 60), ("30d", 2_592_000), ("31d", nil),
      ("0m", nil),
      ("-5m", nil), ("m", nil), ("", nil), ("1.5h", nil), ("15 m", nil), ("999999999999999999999d", nil),
    ] as [(String, Int?)]) func `a token's time is read as people write it`(text: String, seconds: Int?)
  {
    #expect(TimeToLive(argument: text)?.seconds == seconds)
  }

  @Test(arguments: [(900, "15m"), (7200, "2h"), (86_400, "1d"), (61, "61s")])
  func `and said as they read it`(seconds: Int, text: String) {
    #expect(TimeToLive(seconds: seconds).text == text)
  }

  @Test func `a token is given once, by its text or by a file`() throws {
    let worker: WorkerCommand = try parsed(["worker", "--pool", "prior", "--token", "atelier1-x", "--state", "dir"])
    #expect(worker.keys.token == "atelier1-x")
    #expect(worker.keys.state == "dir")
    #expect(throws: (any Error).self) {
      try Atelier.parseAsRoot(["worker", "--pool", "prior", "--token", "a", "--token-file", "b"])
    }
    let token: WorkerTokenCommand = try parsed(["worker-token", "--pool", "prior", "--pool", "decoder", "--uses", "3"])
    #expect(token.pool == [.prior, .decoder])
    #expect(token.uses == 3)
    #expect(token.ttl.seconds == 900)
    #expect(throws: (any Error).self) { try Atelier.parseAsRoot(["worker-token", "--uses", "0"]) }
  }

  @Test func `keys lie where the environment has this user's state, or home`() {
    #expect(WorkerKeyOptions.standardFolder(.prior, ["HOME": "/h"]) == "/h/.local/state/atelier/prior")
    #expect(WorkerKeyOptions.standardFolder(.decoder, ["HOME": "/h", "XDG_STATE_HOME": "/s"]) == "/s/atelier/decoder")
    #expect(
      WorkerKeyOptions.standardFolder(.decoder, ["HOME": "/h", "XDG_STATE_HOME": ""])
        == "/h/.local/state/atelier/decoder")
    #expect(WorkerKeyOptions.standardFolder(.prior, [:]).hasSuffix("/.local/state/atelier/prior"))
  }

  @Test func `a key is replaced by its kind, a worker's where it runs`() throws {
    let rotate: RotateKeysCommand = try parsed(["keys", "rotate", "workers", "--overlap", "12h"])
    #expect(rotate.kind == .workers && rotate.overlap?.seconds == 43_200)
    let manifest: RotateKeysCommand = try parsed(["keys", "rotate", "manifest"])
    #expect(manifest.kind == .manifest && manifest.overlap == nil)
    let http: RotateKeysCommand = try parsed(["keys", "rotate", "http"])
    #expect(http.kind == .http)
    let worker: WorkerCommand = try parsed(["worker", "--pool", "prior", "--new-key"])
    #expect(worker.keys.newKey)
    for wrong in [
      ["keys", "rotate"], ["keys", "rotate", "all"], ["keys", "rotate", "manifest", "--overlap", "1h"],
      ["worker", "--pool", "prior", "--new-key", "--token", "t"],
    ] {
      #expect(throws: (any Error).self, "\(wrong)") { try Atelier.parseAsRoot(wrong) }
    }
  }

  @Test func `keys are listed with what became of them`() {
    let key = WorkerKeyStatus(
      fingerprint: "0123456789abcdef", name: "host\u{1B}[2J", pools: [.decoder], createdAt: 0, seenAt: 60,
      revokedAt: 120)
    let table = WorkerKeyText.table([key])
    #expect(table.contains("0123456789abcdef  host\\u{1B}[2J  decoder  1970-01-01T00:00:00Z  1970-01-01T00:01:00Z"))
    #expect(table.contains("revoked 1970-01-01T00:02:00Z"))
    #expect(WorkerKeyText.table([]).contains("atelier worker-token"))
    let new = WorkerKeyStatus(
      fingerprint: "fedcba9876543210", name: "host", pools: [], createdAt: 0, replaces: key.fingerprint)
    #expect(WorkerKeyText.table([new]).hasSuffix("never  in place of 0123456789abcdef"))
  }
}
