import Testing

@testable import Shared

/// Which connections are cut off for messages without an end.
@Suite struct UnfinishedMessagesTests {
  /// Connections whose bytes a test sets, and what was taken of them.
  private struct Watched {
    var unfinished: UnfinishedMessages
    var received: [Int32: Int] = [:]
    var unread: [Int32: Int] = [:]
    var memory = 0
    var now = ContinuousClock.now
    let taken = TakenMessages()

    init(message: Int, memory: Int = .max, hosts: [Int32: String]) {
      unfinished = UnfinishedMessages(UnfinishedMessages.Limits(message: message, memory: memory))
      for (descriptor, host) in hosts {
        unfinished.opened(descriptor, host: host)
        received[descriptor] = 0
      }
    }

    mutating func look() -> [UnfinishedMessages.Cut] {
      unfinished.look(at: now, taken, received: { received[$0] }, unread: { unread[$0] ?? 0 }, memory: { memory })
    }

    /// Looks, with all taken that has arrived between two looks.
    mutating func lookLong() -> [UnfinishedMessages.Cut] {
      var cuts: [UnfinishedMessages.Cut] = []
      for _ in 0..<4 {
        cuts += look()
        taken.noteDrained()
      }
      return cuts
    }
  }

  private let limit = 10 << 20

  @Test func `a message without an end is cut off once, after all was taken that had arrived`() {
    var watched = Watched(message: limit, hosts: [5: "a", 6: "b"])
    watched.received[5] = limit + 1
    watched.received[6] = limit
    for _ in 0..<3 { #expect(watched.look().isEmpty) }
    #expect(watched.unfinished.hasSuspects)
    watched.taken.noteDrained()
    #expect(watched.look().isEmpty)
    watched.taken.noteDrained()
    #expect(watched.look() == [.init(descriptor: 5, bytes: limit + 1)])
    #expect(watched.lookLong().isEmpty)
  }

  @Test func `whole messages count for nothing, however many, however late they are taken`() {
    var watched = Watched(message: limit, hosts: [5: "a"])
    for number in 1...20 {
      watched.received[5] = number * 3 * limit
      #expect(watched.look().isEmpty)
      #expect(watched.look().isEmpty)
      // Of what was taken until all was, the messages are noted before.
      watched.taken.note(5)
      watched.taken.noteDrained()
      watched.taken.noteDrained()
      #expect(watched.look().isEmpty)
    }
    #expect(!watched.unfinished.hasSuspects)
  }

  @Test func `what the system holds counts for nothing`() {
    var watched = Watched(message: limit, hosts: [5: "a"])
    watched.received[5] = 3 * limit
    watched.unread[5] = 2 * limit
    #expect(watched.lookLong().isEmpty)
  }

  @Test func `while nothing is taken a connection may bring four times as much`() {
    var watched = Watched(message: limit, hosts: [5: "a"])
    watched.received[5] = 4 * limit
    for _ in 0..<5 { #expect(watched.look().isEmpty) }
    watched.received[5] = 4 * limit + 1
    #expect(watched.look() == [.init(descriptor: 5, bytes: 4 * limit + 1)])
  }

  @Test func `while memory is short the host that brings most loses a connection at a time`() {
    var watched = Watched(message: limit, memory: 1000, hosts: [5: "a", 6: "b", 7: "b", 8: "c"])
    watched.received = [5: limit - 1, 6: limit / 2, 7: limit / 2 + 1, 8: 1000]
    #expect(watched.lookLong().isEmpty)
    watched.memory = 1001
    #expect(watched.lookLong() == [.init(descriptor: 7, bytes: limit / 2 + 1, isForMemory: true)])
    watched.unfinished.closed(7)
    watched.now += .seconds(1)
    #expect(watched.lookLong().isEmpty)
    watched.now += .seconds(2)
    #expect(watched.lookLong() == [.init(descriptor: 5, bytes: limit - 1, isForMemory: true)])
    // Who brings little stays.
    for descriptor in [Int32(5), 6] { watched.unfinished.closed(descriptor) }
    watched.now += .seconds(10)
    #expect(watched.lookLong().isEmpty)
  }

  @Test func `a number that names another connection begins anew`() {
    var watched = Watched(message: limit, hosts: [5: "a"])
    watched.received[5] = limit + 1
    #expect(watched.look().isEmpty)
    watched.unfinished.closed(5)
    watched.unfinished.opened(5, host: "b")
    watched.received[5] = 10
    #expect(watched.lookLong().isEmpty)
    watched.received[5] = nil
    #expect(watched.lookLong().isEmpty)
    #expect(watched.unfinished.descriptors.isEmpty)
  }
}
