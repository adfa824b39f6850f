import Shared
import Store
import Testing

@Suite struct WorkerKeyTests {
  private func refusal(_ store: StoreTransaction, _ key: CurveKey, by invitation: CurveKey, at now: Double) -> String {
    do {
      _ = try store.join(key, name: "n", by: invitation, at: now)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `a token admits as often as it may, until its time is over, and says why not`() throws {
    let store = try Store(inMemory: ())
    let (invitation, unknown) = (try CurveKeyPair().publicKey, try CurveKeyPair().publicKey)
    let (first, second, third) = (
      try CurveKeyPair().publicKey, try CurveKeyPair().publicKey, try CurveKeyPair().publicKey
    )
    try store.write { store in
      try store.invite(
        InvitationRecord(key: invitation, pools: [.decoder], usesLeft: 2, createdAt: 100, expiresAt: 200))
      let record = try store.join(first, name: "host", by: invitation, at: 150)
      #expect(record == WorkerKeyRecord(key: first, name: "host", pools: [.decoder], createdAt: 150))
      // The answer was lost: it asks again, and that costs nothing.
      #expect(try store.join(first, name: "host", by: invitation, at: 160) == record)
      #expect(try store.invitations().map(\.usesLeft) == [1])
      #expect(refusal(store, second, by: unknown, at: 160).contains("is not known here"))
      #expect(refusal(store, second, by: invitation, at: 200).contains("time is over"))
      _ = try store.join(second, name: "other", by: invitation, at: 199)
      #expect(refusal(store, third, by: invitation, at: 199).contains("was used already"))
      #expect(try store.workerKeys().map(\.status.name) == ["host", "other"])

      try store.revoke(first, at: 300)
      #expect(refusal(store, first, by: invitation, at: 160).contains("was revoked"))
      #expect(try store.workerKeys().map(\.status.revokedAt) == [300, nil])
    }
  }

  @Test func `a key takes another's place under its name, and no third does`() throws {
    let store = try Store(inMemory: ())
    let (invitation, old, new, other) = (
      try CurveKeyPair().publicKey, try CurveKeyPair().publicKey, try CurveKeyPair().publicKey,
      try CurveKeyPair().publicKey
    )
    func refusal(_ store: StoreTransaction, _ old: CurveKey, by new: CurveKey) -> String {
      do {
        _ = try store.replace(old, by: new, at: 30)
        return ""
      } catch {
        return "\(error)"
      }
    }
    try store.write { store in
      try store.invite(
        InvitationRecord(key: invitation, pools: [.prior], usesLeft: 2, createdAt: 1, expiresAt: 100))
      _ = try store.join(old, name: "host", by: invitation, at: 10)
      let record = try store.replace(old, by: new, at: 20)
      #expect(record == WorkerKeyRecord(key: new, name: "host", pools: [.prior], createdAt: 20, replaces: old))
      // The answer was lost: it asks again.
      #expect(try store.replace(old, by: new, at: 21) == record)
      #expect(refusal(store, old, by: other).contains("has been replaced"))
      #expect(refusal(store, other, by: other).contains("is on no list"))
      _ = try store.join(other, name: "other", by: invitation, at: 22)
      #expect(refusal(store, other, by: new).contains("is known here"))
      #expect(refusal(store, new, by: old).contains("is known here"))
      try store.revoke(other, at: 23)
      let fresh = try CurveKeyPair().publicKey
      #expect(refusal(store, other, by: fresh).contains("was revoked"))
      #expect(try store.workerKeys().map(\.key) == [old, new, other])
      #expect(try store.workerKeys().map(\.replaces) == [nil, old, nil])
      #expect(try store.invitations().map(\.usesLeft) == [0])
    }
  }

  @Test func `invitations are forgotten a day after their time`() throws {
    let store = try Store(inMemory: ())
    let (old, new) = (try CurveKeyPair().publicKey, try CurveKeyPair().publicKey)
    try store.write { store in
      try store.invite(InvitationRecord(key: old, pools: [], usesLeft: 1, createdAt: 0, expiresAt: 10))
      try store.invite(
        InvitationRecord(key: new, pools: [], usesLeft: 1, createdAt: 11 + 86_400, expiresAt: 90_000))
      #expect(try store.invitations().map(\.key) == [new])
    }
  }
}
