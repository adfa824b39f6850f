import Foundation
import Synchronization

/// What an address may ask for without a token that counts, where tokens are asked for. Who shows one that does is bounded
/// by ``OwnerBounds`` instead, also from an address where others try theirs.
final class StrangerBounds: Sendable {
  typealias Instant = ContinuousClock.Instant

  private let rate: RequestCredit.Rate
  /// Addresses that are remembered; beyond, all that are not share one credit.
  private let most: Int
  private let state: Mutex<State>

  private struct State {
    var credits: [String: RequestCredit] = [:]
    /// When those are looked for that need not be remembered: not at each request, since that takes long.
    var nextPruning: Instant
  }

  init(_ rate: RequestCredit.Rate = .init(perSecond: 20, burst: 200), most: Int = 10_000) {
    self.rate = rate
    self.most = most
    state = Mutex(State(nextPruning: .now))
  }

  /// How many addresses are remembered, for tests.
  var remembered: Int { state.withLock { $0.credits.count } }

  /// Counts a request.
  ///
  /// - Parameter address: of who asks.
  /// - Throws: ``DoorRefusal`` (429), with the time after which one may come again.
  func admit(_ address: String, at now: Instant) throws(DoorRefusal) {
    let network = Self.network(of: address)
    let wait: Duration? = state.withLock { state in
      if state.credits[network] == nil, state.credits.count >= most, state.nextPruning <= now {
        state.credits = state.credits.filter { !$0.value.isFull(rate, at: now) }
        state.nextPruning = now + .seconds(1)
      }
      let name = state.credits[network] == nil && state.credits.count >= most ? "" : network
      return state.credits[name, default: RequestCredit(rate, at: now)].take(rate, at: now)
    }
    guard let wait else { return }
    throw .tooMany(
      "Too much comes from your address without a token that counts; wait a little.", retryAfter: wait)
  }

  /// Whoever has an IPv6 address has all of its first 64 bits (RFC 4291).
  static func network(of address: String) -> String {
    var bytes = in6_addr()
    guard inet_pton(AF_INET6, address, &bytes) == 1 else { return address }
    return withUnsafeBytes(of: bytes) { bytes in
      // An IPv4 address that is written as one of IPv6.
      let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
      return (isMapped ? bytes.dropFirst(12) : bytes.prefix(8)).map { String($0, radix: 16) }.joined(separator: ":")
    }
  }
}
