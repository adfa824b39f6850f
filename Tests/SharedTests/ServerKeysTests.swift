import Foundation
import Shared
import TestSupport
import Testing

/// The coordinator's keys at the workers' port, on its disk.
@Suite struct ServerKeysTests {
  private let place: TemporaryFolder
  private let folder: KeyFolder

  init() throws {
    place = try TemporaryFolder()
    folder = try KeyFolder(place.path + "/keys")
  }

  @Test func `a key follows at its time, over restarts too`() throws {
    let first = try ServerKeys(in: folder)
    #expect(first.next == nil)
    #expect(try ServerKeys(in: folder).known == first.known)
    let rotated = try first.rotated(from: Date(timeIntervalSince1970: 1000.5), in: folder)
    let read = try ServerKeys(in: folder)
    #expect(read.known == rotated.known)
    #expect(read.known.count == 2 && read.current.publicKey == first.current.publicKey)
    #expect(read.next?.from == Date(timeIntervalSince1970: 1000.5))
    // Asked again, only the time is another.
    let later = try read.rotated(from: Date(timeIntervalSince1970: 2000), in: folder)
    #expect(later.known == rotated.known)
    #expect(try ServerKeys(in: folder).next?.from == Date(timeIntervalSince1970: 2000))

    let switched = try later.switched(in: folder)
    #expect(switched.known == [rotated.known[1]])
    #expect(try ServerKeys(in: folder).known == switched.known)
    #expect(try switched.switched(in: folder).known == switched.known)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["workers.key"])
  }

  @Test func `a change that was cut off between its files has happened`() throws {
    let rotated = try ServerKeys(in: folder).rotated(from: Date(timeIntervalSince1970: 1000), in: folder)
    let next = try #require(rotated.next)
    try folder.write(next.keys.secretBytes, to: "workers.key")
    #expect(try ServerKeys(in: folder).known == [next.keys.publicKey])
  }

  @Test func `a next key that cannot be read is said, and changes nothing`() throws {
    _ = try ServerKeys(in: folder)
    try folder.write(Data("{}".utf8), to: "workers-next.json")
    let error = #expect(throws: AtelierError.self) { _ = try ServerKeys(in: folder) }
    #expect(error?.message.contains("workers-next.json' cannot be read") == true)
  }

  @Test func `a token and what a worker keeps know the next key too`() throws {
    let (now, next, later) = (
      try CurveKeyPair().publicKey, try CurveKeyPair().publicKey, try CurveKeyPair().publicKey
    )
    let token = WorkerToken(
      address: "tcp://10.0.0.5:5555", server: now, next: next, invitation: try CurveKeyPair())
    let read = try WorkerToken(token.text)
    #expect(read.server == now && read.next == next && read.address == "tcp://10.0.0.5:5555")
    #expect([read.curve.server] + read.curve.others == [now, next])

    var membership = WorkerMembership(read)
    let state = try KeyFolder(place.path + "/state")
    let keys = try state.keyPair(WorkerMembership.key)
    func known(_ membership: WorkerMembership) throws -> [CurveKey] {
      let curve = try membership.curve(keys)
      return [curve.server] + curve.others
    }
    #expect(try known(membership) == [now, next])
    membership.learn([next, later])
    try membership.save(in: state)
    let kept = try #require(try WorkerMembership(in: state))
    #expect(try known(kept) == [next, later])
    membership.learn([later])
    #expect(try known(membership) == [later])
    membership.learn([])
    #expect(try known(membership) == [later])
  }
}
