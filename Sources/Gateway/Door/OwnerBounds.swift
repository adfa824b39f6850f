import Shared
import Synchronization

/// What an owner may ask for at once, so that one who asks for too much is alone with that.
final class OwnerBounds: Sendable {
  typealias Instant = ContinuousClock.Instant

  struct Limits: Sendable, Equatable {
    var requests = RequestCredit.Rate(perSecond: 200, burst: 1000)
    /// Bodies that are being received.
    var uploads = 16
    /// Their bytes, as far as they stand in memory.
    var bytes = 256 << 20
  }

  private struct Account {
    var credit: RequestCredit
    var uploads = 0
    var bytes = 0
  }

  private let limits: Limits
  private let accounts = Mutex<[String: Account]>([:])

  init(_ limits: Limits = Limits()) { self.limits = limits }

  /// Counts a request.
  ///
  /// - Throws: ``DoorRefusal`` (429), with the time after which one may come again.
  func admit(_ owner: String, at now: Instant) throws(DoorRefusal) {
    let wait = accounts.withLock { accounts in
      accounts[owner, default: fresh(at: now)].credit.take(limits.requests, at: now)
    }
    guard let wait else { return }
    throw .tooMany(
      "'\(owner)' asks for more than \(Int(limits.requests.perSecond)) things a second; wait a little.",
      retryAfter: wait)
  }

  /// Counts a body that begins to arrive; ``end(_:bytes:)`` must follow.
  ///
  /// - Throws: ``DoorRefusal`` (429) if the owner has as many under way as they may.
  func begin(_ owner: String, bytes: Int, at now: Instant) throws(DoorRefusal) {
    let refusal: String? = accounts.withLock { accounts in
      var account = accounts[owner] ?? fresh(at: now)
      guard account.uploads < limits.uploads else {
        return "'\(owner)' has \(limits.uploads) uploads under way, which is as many as one owner may have; finish one."
      }
      guard account.bytes + bytes <= limits.bytes || account.uploads == 0 else {
        return "'\(owner)' has \(account.bytes >> 20) MB of uploads under way, and one owner may have "
          + "\(limits.bytes >> 20) MB; finish one."
      }
      account.uploads += 1
      account.bytes += bytes
      accounts[owner] = account
      return nil
    }
    if let refusal { throw .tooMany(refusal, retryAfter: .seconds(5)) }
  }

  private func fresh(at now: Instant) -> Account { Account(credit: RequestCredit(limits.requests, at: now)) }

  /// A body has arrived, or will not.
  func end(_ owner: String, bytes: Int) {
    accounts.withLock { accounts in
      accounts[owner]?.uploads -= 1
      accounts[owner]?.bytes -= bytes
    }
  }
}
