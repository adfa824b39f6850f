import Shared
import Synchronization

/// Streams of events that are open at a time: each costs a connection and some memory for as long as somebody looks on.
final class StreamBounds: Sendable {
  struct Limits: Sendable, Equatable {
    var all = 1024
    var perOwner = 64
    var perAddress = 128
  }

  /// Room for one stream, until it is let go of.
  final class Place: Sendable {
    private let bounds: StreamBounds
    private let owner: String
    private let address: String

    fileprivate init(_ bounds: StreamBounds, _ owner: String, _ address: String) {
      self.bounds = bounds
      self.owner = owner
      self.address = address
    }

    deinit { bounds.leave(owner, address) }
  }

  private struct State {
    var all = 0
    var owners: [String: Int] = [:]
    var addresses: [String: Int] = [:]
  }

  private let limits: Limits
  private let state = Mutex(State())

  init(_ limits: Limits = Limits()) { self.limits = limits }

  /// How many are open.
  var count: Int { state.withLock { $0.all } }

  /// - Throws: ``DoorRefusal`` (429) if there are as many as may be, in all, of the owner or from the address.
  func enter(_ owner: String, from address: String) throws(DoorRefusal) -> Place {
    let refusal: String? = state.withLock { state in
      let (ofOwner, fromAddress) = (state.owners[owner, default: 0], state.addresses[address, default: 0])
      let reason: String? =
        if ofOwner >= limits.perOwner {
          "'\(owner)' has \(ofOwner) streams of events open"
        } else if fromAddress >= limits.perAddress {
          "\(fromAddress) streams of events are open from this address"
        } else if state.all >= limits.all {
          "\(state.all) streams of events are open"
        } else {
          nil
        }
      guard reason == nil else { return reason }
      state.all += 1
      state.owners[owner] = ofOwner + 1
      state.addresses[address] = fromAddress + 1
      return nil
    }
    if let refusal { throw .tooMany("\(refusal), as many as may be; close one.", retryAfter: .seconds(5)) }
    return Place(self, owner, address)
  }

  private func leave(_ owner: String, _ address: String) {
    state.withLock { state in
      state.all -= 1
      Self.countDown(owner, &state.owners)
      Self.countDown(address, &state.addresses)
    }
  }

  private static func countDown(_ name: String, _ counts: inout [String: Int]) {
    let count = counts[name, default: 0] - 1
    counts[name] = count > 0 ? count : nil
  }
}
