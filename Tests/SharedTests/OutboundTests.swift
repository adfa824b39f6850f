import Testing

@testable import Shared

@Suite struct OutboundTests {
  private let start = ContinuousClock.now

  /// Offers what waits to peers of which some take nothing; returns what was sent to whom.
  private func send(
    _ outbound: inout Outbound, deaf: Set<String>, gone: Set<String> = [], at seconds: Int = 0
  ) -> (sent: [String: [UInt8]], lost: Set<String>) {
    var sent: [String: [UInt8]] = [:]
    let lost = outbound.send(at: start + .seconds(seconds)) { frames, peer in
      if gone.contains(peer) { return .gone }
      if deaf.contains(peer) { return .full }
      sent[peer, default: []].append(frames[0][0])
      return .sent
    }
    return (sent, Set(lost))
  }

  @Test func `messages of a peer keep their order, and a deaf one holds up nobody`() {
    var outbound = Outbound()
    for number in 1...3 as ClosedRange<UInt8> {
      for peer in ["a", "b"] { _ = outbound.add([[number]], to: peer) }
    }
    let first = send(&outbound, deaf: ["a"])
    #expect(first.sent == ["b": [1, 2, 3]])
    #expect(first.lost.isEmpty)
    _ = outbound.add([[4]], to: "a")
    let second = send(&outbound, deaf: [])
    #expect(second.sent == ["a": [1, 2, 3, 4]])
    #expect(outbound.isEmpty)
    #expect(outbound.bytes == 0)
  }

  @Test func `little is kept for a peer that takes nothing, whatever its size one message`() {
    var outbound = Outbound(.init(perPeer: 10_000, total: 1 << 30))
    let large = [UInt8](repeating: 0, count: 50_000)
    var isTaken = [outbound.add([large], to: "a"), outbound.add([[1]], to: "a"), outbound.add([[1]], to: "b")]
    #expect(isTaken == [true, false, true])
    _ = send(&outbound, deaf: [])
    isTaken = [outbound.add([[1]], to: "a")]
    #expect(isTaken == [true])
  }

  @Test func `where much waits for deaf peers, the others get theirs`() {
    var outbound = Outbound(.init(perPeer: 10_000, total: 20_000))
    let frame = [UInt8](repeating: 0, count: 6000)
    let deaf = Set((0..<64).map { "deaf-\($0)" })
    for peer in deaf { for _ in 0..<9 { _ = outbound.add([frame], to: peer) } }
    #expect(outbound.bytes < 64 * 2 * 6300)
    var taken = deaf.count { outbound.add([frame], to: $0) }
    #expect(taken == 0)
    taken = (0..<1000).count { outbound.add([[9]], to: "good-\($0)") }
    #expect(taken == 1000)
    let (sent, lost) = send(&outbound, deaf: deaf)
    #expect(sent.count == 1000)
    #expect(lost.isEmpty)
  }

  @Test func `who takes nothing for long loses what waits, who is gone at once`() {
    var outbound = Outbound(.init(patience: .seconds(30)))
    for peer in ["a", "b", "c"] { _ = outbound.add([[1]], to: peer) }
    var result = send(&outbound, deaf: ["a", "b"], gone: ["c"])
    #expect(result.lost == ["c"])
    result = send(&outbound, deaf: ["a", "b"], at: 29)
    #expect(result.lost.isEmpty)
    result = send(&outbound, deaf: ["a"], at: 30)
    #expect(result.sent == ["b": [1]])
    result = send(&outbound, deaf: ["a"], at: 31)
    #expect(result.lost == ["a"])
    #expect(outbound.isEmpty)
    #expect(outbound.bytes == 0)
  }
}
