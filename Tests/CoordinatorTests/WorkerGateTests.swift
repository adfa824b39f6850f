import Foundation
import Shared
import Store
import TestSupport
import Testing

@testable import Coordinator

/// Whose a message is.
@Suite struct WorkerGateTests {
  private func message(_ name: String, _ body: Wire.FromWorker.OneOf_Body) -> Wire.FromWorker {
    var message = Wire.FromWorker()
    message.protocolVersion = Wire.protocolVersion
    message.workerID = name
    message.body = body
    return message
  }

  private func hello(_ secret: String = "", pool: Pool = .decoder) -> Wire.FromWorker.OneOf_Body {
    var hello = Wire.Hello()
    hello.pool = pool.wire
    hello.secret = Data(secret.utf8)
    return .hello(hello)
  }

  private func decide(
    _ gate: WorkerGate, _ name: String, _ body: Wire.FromWorker.OneOf_Body, on route: String, key: CurveKey? = nil
  ) -> WorkerGate.Decision {
    gate.decide(message(name, body), from: Peer(route: route, key: key)) { _ in true }
  }

  private func isRefused(_ decision: WorkerGate.Decision, _ words: String) -> Bool {
    if case .answer(.refusal(let refusal)) = decision { refusal.reason.contains(words) } else { false }
  }

  private static let speech: [Wire.FromWorker.OneOf_Body] = [
    .heartbeat(.init()), .outcome(.init()), .checkpoint(.init()),
  ]

  @Test(arguments: speech) func `nothing counts of who has said no hello`(body: Wire.FromWorker.OneOf_Body) {
    let gate = WorkerGate(nil)
    #expect(decide(gate, "w", body, on: "1") == .answer(.unknownWorker(.init())))
    #expect(decide(gate, "w", hello("s"), on: "1") == .pass(WorkerID("w")))
    #expect(decide(gate, "w", body, on: "1") == .pass(WorkerID("w")))
    // On a connection of its own a thief is not the worker.
    #expect(decide(gate, "w", body, on: "2") == .answer(.unknownWorker(.init())))
    #expect(gate.route(to: WorkerID("w")) == "1")
  }

  @Test func `a name is of who brings its secret, and a worker that connects anew is heard at once`() {
    let gate = WorkerGate(nil)
    #expect(decide(gate, "w", hello("s"), on: "1") == .pass(WorkerID("w")))
    #expect(isRefused(decide(gate, "w", hello("other"), on: "2"), "another worker's name"))
    #expect(isRefused(decide(gate, "w", hello(), on: "2"), "another worker's name"))
    #expect(gate.route(to: WorkerID("w")) == "1")
    #expect(decide(gate, "w", hello("s"), on: "3") == .pass(WorkerID("w")))
    #expect(gate.route(to: WorkerID("w")) == "3")
    #expect(gate.worker(on: "1") == nil)
    #expect(decide(gate, "w", .heartbeat(.init()), on: "1") == .answer(.unknownWorker(.init())))
    #expect(decide(gate, "", hello("s"), on: "4") == .ignore("it names no worker"))
  }

  @Test func `one connection is one worker, and names that nobody has any more make room`() {
    let gate = WorkerGate(nil, mostNames: 2)
    #expect(decide(gate, "a", hello("s"), on: "1") == .pass(WorkerID("a")))
    #expect(decide(gate, "b", hello("s"), on: "1") == .pass(WorkerID("b"), replaced: WorkerID("a")))
    #expect(gate.route(to: WorkerID("a")) == nil)
    #expect(decide(gate, "c", hello("s"), on: "2") == .pass(WorkerID("c")))
    #expect(isRefused(decide(gate, "d", hello("s"), on: "3"), "as many as it does"))
    let decision = gate.decide(message("d", hello("s")), from: Peer(route: "3")) { $0 == WorkerID("c") }
    #expect(decision == .pass(WorkerID("d")))
    #expect(gate.route(to: WorkerID("b")) == nil)
  }

  /// A gate that knows two workers' keys and an invitation.
  private struct Keyed {
    let admissions: WorkerAdmissions
    let gate: WorkerGate
    let first: CurveKey
    let second: CurveKey
    let invitation: CurveKey

    init() throws {
      admissions = WorkerAdmissions(ServerKeys(current: try CurveKeyPair()))
      (first, second) = (try CurveKeyPair().publicKey, try CurveKeyPair().publicKey)
      invitation = try CurveKeyPair().publicKey
      admissions.load(
        [
          WorkerKeyRecord(key: first, name: "one", pools: [.decoder], createdAt: 1),
          WorkerKeyRecord(key: second, name: "two", pools: [], createdAt: 1),
        ], [InvitationRecord(key: invitation, pools: [], usesLeft: 1, createdAt: 1, expiresAt: 2)])
      gate = WorkerGate(admissions)
    }

    func name(_ text: String, _ key: CurveKey) -> String { WorkerID(text).signed(key.fingerprint).text }
  }

  @Test func `no key speaks for another, whatever name and connection it takes`() throws {
    let keyed = try Keyed()
    let (gate, first, second) = (keyed.gate, keyed.first, keyed.second)
    let name = keyed.name("w", first)
    #expect(decide(gate, name, hello(), on: "1", key: first) == .pass(WorkerID(name)))
    #expect(isRefused(decide(gate, name, hello(), on: "2", key: second), "does not end in this key"))
    for body in Self.speech {
      #expect(isRefused(decide(gate, name, body, on: "1", key: second), "does not end in this key"))
      #expect(isRefused(decide(gate, name, body, on: "1"), "revoked"))
      #expect(decide(gate, name, body, on: "1", key: first) == .pass(WorkerID(name)))
    }
    #expect(isRefused(decide(gate, "plain", hello(), on: "3", key: second), "does not end in this key"))
  }

  @Test func `a key that comes anew replaces itself, under another name too`() throws {
    let keyed = try Keyed()
    let (gate, key) = (keyed.gate, keyed.second)
    let (old, new) = (keyed.name("old", key), keyed.name("new", key))
    #expect(decide(gate, old, hello(), on: "1", key: key) == .pass(WorkerID(old)))
    #expect(decide(gate, old, hello(), on: "2", key: key) == .pass(WorkerID(old)))
    #expect(gate.route(to: WorkerID(old)) == "2")
    #expect(decide(gate, new, hello(), on: "3", key: key) == .pass(WorkerID(new), replaced: WorkerID(old)))
    #expect(decide(gate, old, .outcome(.init()), on: "2", key: key) == .answer(.unknownWorker(.init())))
  }

  @Test func `a key serves its pools alone, and nothing once it is revoked`() throws {
    let keyed = try Keyed()
    let (gate, key) = (keyed.gate, keyed.first)
    let name = keyed.name("w", key)
    #expect(isRefused(decide(gate, name, hello(pool: .prior), on: "1", key: key), "for the pool decoder only"))
    #expect(decide(gate, name, hello(), on: "1", key: key) == .pass(WorkerID(name)))
    keyed.admissions.revoke(key, at: 3)
    #expect(keyed.admissions.admission(of: key) == nil)
    for body in Self.speech + [hello()] {
      #expect(isRefused(decide(gate, name, body, on: "1", key: key), "revoked"))
    }
    gate.forget(key)
    #expect(gate.route(to: WorkerID(name)) == nil)
  }

  @Test func `an invitation's key may ask to join, and no more`() throws {
    let keyed = try Keyed()
    var join = Wire.Join()
    join.name = "host"
    let asked = decide(keyed.gate, "", .join(join), on: "1", key: keyed.invitation)
    #expect(asked == .join(join, by: keyed.invitation))
    let name = keyed.name("w", keyed.invitation)
    for body in Self.speech + [hello()] {
      #expect(
        decide(keyed.gate, name, body, on: "1", key: keyed.invitation)
          == .ignore("an invitation's key may join and no more"))
    }
    // A worker's own asks to be replaced by it.
    #expect(decide(keyed.gate, "", .join(join), on: "2", key: keyed.first) == .join(join, by: keyed.first))
  }

  @Test func `a key that takes another's place ends it when it is used, once`() throws {
    let keyed = try Keyed()
    let new = try CurveKeyPair().publicKey
    keyed.admissions.add(
      WorkerKeyRecord(key: new, name: "one", pools: [.decoder], createdAt: 2, replaces: keyed.first))
    #expect(keyed.admissions.admission(of: keyed.first) != nil)
    #expect(keyed.admissions.takeReplaced(by: keyed.second, at: 3) == nil)
    #expect(keyed.admissions.takeReplaced(by: new, at: 3) == keyed.first)
    #expect(keyed.admissions.takeReplaced(by: new, at: 4) == nil)
    #expect(keyed.admissions.admission(of: keyed.first) == nil)
    #expect(keyed.admissions.admission(of: new) == .worker(pools: [.decoder]))
  }
}
