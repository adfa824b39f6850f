import Foundation
import TestSupport
import Testing

@testable import Shared

@Suite struct WorkerTokenTests {
  private func token() throws -> WorkerToken {
    WorkerToken(
      address: "tcp://10.0.0.5:5555", server: try CurveKeyPair().publicKey, invitation: try CurveKeyPair())
  }

  @Test func `a token is a word that says all that is needed to join`() throws {
    let token = try token()
    #expect(token.text.hasPrefix("atelier1-"))
    #expect(token.text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    let read = try WorkerToken(token.text + "\n")
    #expect(read.address == token.address)
    #expect(read.server == token.server)
    #expect(read.invitation.publicKey == token.invitation.publicKey)
    #expect(read.invitation.secretBytes == token.invitation.secretBytes)
  }

  @Test func `a token that is cut, mistyped or none is refused with a sentence`() throws {
    let text = try token().text
    let last = try #require(text.last)
    let mistyped = text.dropLast(5) + (last == "A" ? "BBBBB" : "AAAAA")
    for (wrong, sentence) in [
      (String(text.dropLast()), "cut or mistyped"), (String(mistyped), "cut or mistyped"),
      ("atelier1-", "cut or mistyped"),
      ("", "no worker's token"), ("atelier2-abc", "no worker's token"),
    ] {
      let error = #expect(throws: AtelierError.self) { try WorkerToken(wrong) }
      #expect(error?.message.contains(sentence) == true, "\(wrong)")
    }
  }

  private func mode(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }

  @Test func `keys are their owner's alone, and refused if others may read them`() throws {
    let place = try TemporaryFolder()
    let path = place.path + "/data/keys"
    let folder = try KeyFolder(path)
    let keys = try folder.keyPair("worker.key")
    #expect(try folder.keyPair("worker.key").publicKey == keys.publicKey)
    #expect(try mode(path) == 0o700)
    #expect(try mode(place.path + "/data") == 0o700)
    #expect(try mode(path + "/worker.key") == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["worker.key"])

    chmod(path + "/worker.key", 0o640)
    let readable = #expect(throws: AtelierError.self) { try folder.keyPair("worker.key") }
    #expect(readable?.code == .configuration)
    #expect(readable?.message.contains("chmod 0600 \(path)/worker.key") == true)
    chmod(path + "/worker.key", 0o600)
    chmod(path, 0o755)
    #expect(throws: AtelierError.self) { try KeyFolder(path) }
    chmod(path, 0o700)
    try folder.write([1, 2], to: "worker.key")
    #expect(throws: AtelierError.self) { try folder.keyPair("worker.key") }
  }

  @Test func `what a worker keeps of having joined is read again`() throws {
    let place = try TemporaryFolder()
    let folder = try KeyFolder(place.path + "/state")
    #expect(try WorkerMembership(in: folder) == nil)
    let membership = WorkerMembership(try token())
    try membership.save(in: folder)
    #expect(try WorkerMembership(in: folder) == membership)
    let keys = try folder.keyPair(WorkerMembership.key)
    #expect(try membership.curve(keys).server.text == membership.serverKey)
  }
}
