import NIOCore
import Synchronization

/// The connections of HTTP, so many in all and so many an address. Where there is no room, the connection gives way
/// that has waited longest without a whole request: who opens many and sends nothing takes them from itself.
final class Connections: Sendable {
  struct Limits: Sendable, Equatable {
    var all = 4096
    var perAddress = 1024
    /// How long the first request of a connection may take to come, without its body.
    var firstHead = TimeAmount.seconds(10)
    /// How long a connection may be silent, between requests or in the middle of one.
    var idle = TimeAmount.seconds(75)
    /// How long the other side may take nothing of an answer that waits for it.
    var stalled = TimeAmount.seconds(60)

    /// What fits into a process that may have so many files open, most of which are for others.
    static func fitting(files: Int) -> Limits {
      var limits = Limits()
      limits.all = max(64, min(limits.all, files / 4))
      limits.perAddress = max(32, limits.all / 4)
      return limits
    }
  }

  private struct State {
    var all = 0
    var addresses: [String: Address] = [:]
    /// Those without a whole request yet, with what closes them.
    var waiting: [UInt64: @Sendable () -> Void] = [:]
    var next: UInt64 = 0
  }

  private struct Address {
    var count = 0
    /// Its connections in the order in which they came, of which those at the beginning wait.
    var order: ArraySlice<UInt64> = []
  }

  let limits: Limits
  private let state = Mutex(State())

  init(_ limits: Limits = Limits()) { self.limits = limits }

  /// How many there are, and how many there ever were, for tests.
  var count: Int { state.withLock { $0.all } }
  var taken: Int { state.withLock { Int($0.next) } }

  /// Takes a connection in, if need be in place of another. ``leave(_:from:)`` must follow.
  ///
  /// - Parameters:
  ///   - close: ends the connection; it is called from any thread.
  /// - Returns: its number; nil if there is no room for it, and it is to be closed.
  func enter(from address: String, close: @escaping @Sendable () -> Void) -> UInt64? {
    var evicted: [@Sendable () -> Void] = []
    let number: UInt64? = state.withLock { state in
      while (state.addresses[address]?.count ?? 0) >= limits.perAddress {
        guard let one = Self.evict(address, &state) else { return nil }
        evicted.append(one)
      }
      while state.all >= limits.all {
        let oldest = state.addresses.compactMap { entry in entry.value.order.first.map { (entry.key, $0) } }
          .min { $0.1 < $1.1 }
        guard let oldest, let one = Self.evict(oldest.0, &state) else { return nil }
        evicted.append(one)
      }
      state.next += 1
      state.all += 1
      state.addresses[address, default: Address()].count += 1
      state.addresses[address]?.order.append(state.next)
      state.waiting[state.next] = close
      return state.next
    }
    for close in evicted { close() }
    return number
  }

  /// A whole request has come over a connection, but for its body.
  ///
  /// - Returns: false for a connection that had to give way meanwhile.
  func hasAsked(_ number: UInt64, from address: String) -> Bool {
    state.withLock { state in
      let isWaiting = state.waiting.removeValue(forKey: number) != nil
      Self.trim(address, &state)
      return isWaiting
    }
  }

  /// A connection is gone. One that had to give way has left already.
  ///
  /// - Parameter hasAsked: what ``hasAsked(_:from:)`` has said of it; false if it was not asked.
  func leave(_ number: UInt64, from address: String, hasAsked: Bool) {
    state.withLock { state in
      guard hasAsked || state.waiting.removeValue(forKey: number) != nil else { return }
      Self.countDown(address, &state)
    }
  }

  /// Lets the one of an address go that has waited longest.
  ///
  /// - Returns: what closes it; nil if none waits.
  private static func evict(_ address: String, _ state: inout State) -> (@Sendable () -> Void)? {
    guard let oldest = state.addresses[address]?.order.first, let close = state.waiting.removeValue(forKey: oldest)
    else { return nil }
    countDown(address, &state)
    return close
  }

  private static func countDown(_ address: String, _ state: inout State) {
    state.all -= 1
    state.addresses[address]?.count -= 1
    trim(address, &state)
  }

  /// Forgets the order of those that do not wait any more, so that the first of it does.
  private static func trim(_ address: String, _ state: inout State) {
    while let first = state.addresses[address]?.order.first, state.waiting[first] == nil {
      state.addresses[address]?.order.removeFirst()
    }
    if state.addresses[address]?.count == 0 { state.addresses[address] = nil }
  }
}
