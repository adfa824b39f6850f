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
    var ofAddress: [String: Int] = [:]
    /// Those without a whole request yet, by the order in which they came.
    var waiting: [UInt64: Waiting] = [:]
    var next: UInt64 = 0
  }

  private struct Waiting {
    var address: String
    var close: @Sendable () -> Void
  }

  let limits: Limits
  private let state = Mutex(State())

  init(_ limits: Limits = Limits()) { self.limits = limits }

  /// How many there are, for tests.
  var count: Int { state.withLock { $0.all } }

  /// Takes a connection in, if need be in place of another. ``leave(_:from:)`` must follow.
  ///
  /// - Parameters:
  ///   - close: ends the connection; it is called from any thread.
  /// - Returns: its number; nil if there is no room for it, and it is to be closed.
  func enter(from address: String, close: @escaping @Sendable () -> Void) -> UInt64? {
    var evicted: [@Sendable () -> Void] = []
    let number: UInt64? = state.withLock { state in
      while state.ofAddress[address, default: 0] >= limits.perAddress {
        guard let one = Self.evict(&state, where: { $0.address == address }) else { return nil }
        evicted.append(one)
      }
      while state.all >= limits.all {
        guard let one = Self.evict(&state, where: { _ in true }) else { return nil }
        evicted.append(one)
      }
      state.next += 1
      state.all += 1
      state.ofAddress[address, default: 0] += 1
      state.waiting[state.next] = Waiting(address: address, close: close)
      return state.next
    }
    for close in evicted { close() }
    return number
  }

  /// A whole request has come over a connection, but for its body.
  ///
  /// - Returns: false for a connection that had to give way meanwhile.
  func hasAsked(_ number: UInt64) -> Bool { state.withLock { $0.waiting.removeValue(forKey: number) != nil } }

  /// A connection is gone. One that had to give way has left already.
  ///
  /// - Parameter hasAsked: what ``hasAsked(_:)`` has said of it; false if it was not asked.
  func leave(_ number: UInt64, from address: String, hasAsked: Bool) {
    state.withLock { state in
      guard hasAsked || state.waiting.removeValue(forKey: number) != nil else { return }
      Self.count(&state, down: address)
    }
  }

  /// Lets the one go that has waited longest of some.
  private static func evict(_ state: inout State, where matches: (Waiting) -> Bool) -> (@Sendable () -> Void)? {
    guard let oldest = state.waiting.filter({ matches($0.value) }).keys.min(),
      let waiting = state.waiting.removeValue(forKey: oldest)
    else { return nil }
    count(&state, down: waiting.address)
    return waiting.close
  }

  private static func count(_ state: inout State, down address: String) {
    state.all -= 1
    state.ofAddress[address, default: 1] -= 1
    if state.ofAddress[address] == 0 { state.ofAddress[address] = nil }
  }
}
