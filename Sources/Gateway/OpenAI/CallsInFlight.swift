import Shared
import Synchronization

/// Calls that are being answered, so that one which a client sends again makes no second job: it joins the first, and
/// gets its pictures. A call that nobody waits for any more is kept for a while, in which its client may come back; then
/// what it began is cancelled.
final class CallsInFlight: Sendable {
  /// What two sendings of one call have in common.
  struct Key: Hashable, Sendable {
    /// Who calls, by the digest of what they showed.
    var caller: [UInt8]
    var call: ImageCall
  }

  /// What a call has begun.
  struct Begun: Sendable {
    var job: JobID
    var model: ModelInfo
  }

  private struct Flight {
    let number: Int
    let begun: Task<Begun, any Error>
    var waiting = 1
    /// How often nobody waited: of several pauses the last counts.
    var desertions = 0
    /// Whether somebody has got the answer.
    var isAnswered = false
  }

  private struct State {
    var flights: [Key: [Flight]] = [:]
    var next = 0
  }

  private let state = Mutex(State())
  /// How long a call is kept that nobody waits for.
  private let grace: Duration
  private let cancel: @Sendable (JobID) async -> Void

  /// - Parameter cancel: called with the job of a call whose client has not come back; it may have ended.
  init(grace: Duration, cancel: @escaping @Sendable (JobID) async -> Void) {
    self.grace = grace
    self.cancel = cancel
  }

  /// Somebody waits for a call: for one that was sent before, if this is that again, else for a new one.
  ///
  /// - Parameters:
  ///   - isRetry: whether the client says that it has sent the call before.
  ///   - begin: makes the job. It is not cancelled with who waits.
  func enter(_ key: Key, isRetry: Bool, begin: @escaping @Sendable () async throws -> Begun) -> Ticket {
    state.withLock { state in
      // Best one that lost its client. If the loss was not noticed yet, the one for which the fewest wait.
      if isRetry, let flights = state.flights[key],
        let index = flights.indices.min(by: { flights[$0].waiting < flights[$1].waiting })
      {
        state.flights[key]?[index].waiting += 1
        return Ticket(self, key, flights[index].number, flights[index].begun, hasJoined: true)
      }
      state.next += 1
      let flight = Flight(number: state.next, begun: Task { try await begin() })
      state.flights[key, default: []].append(flight)
      return Ticket(self, key, flight.number, flight.begun, hasJoined: false)
    }
  }

  /// How many calls are known.
  var count: Int { state.withLock { $0.flights.values.reduce(0) { $0 + $1.count } } }

  /// What follows when somebody waits no more.
  private enum Consequence {
    case nothing
    /// Nobody waits for what may go on.
    case cancel(Task<Begun, any Error>)
    /// They may come back; the number tells this time from others.
    case wait(desertion: Int)
  }

  fileprivate func leave(_ key: Key, _ number: Int, _ leaving: Ticket.Leaving) {
    let consequence: Consequence = state.withLock { state in
      guard let index = state.flights[key]?.firstIndex(where: { $0.number == number }),
        var flight = state.flights[key]?[index]
      else { return .nothing }
      flight.waiting -= 1
      if leaving == .answered { flight.isAnswered = true }
      if flight.waiting == 0 { flight.desertions += 1 }
      // Who sends a call again that came to nothing wants another try; who has the answer sends nothing again.
      if leaving == .failed || (flight.waiting == 0 && flight.isAnswered) {
        Self.remove(index, of: key, from: &state)
        return leaving == .failed && flight.waiting == 0 ? .cancel(flight.begun) : .nothing
      }
      state.flights[key]?[index] = flight
      return flight.waiting == 0 ? .wait(desertion: flight.desertions) : .nothing
    }
    switch consequence {
    case .nothing: return
    case .cancel(let begun): Task { [self] in await cancelJob(of: begun) }
    case .wait(let desertion):
      Task { [self] in
        try? await Task.sleep(for: grace)
        await giveUp(key, number, desertion)
      }
    }
  }

  /// Ends a call whose client has not come back since.
  private func giveUp(_ key: Key, _ number: Int, _ desertion: Int) async {
    let begun: Task<Begun, any Error>? = state.withLock { state in
      guard let index = state.flights[key]?.firstIndex(where: { $0.number == number }),
        let flight = state.flights[key]?[index], flight.waiting == 0, flight.desertions == desertion
      else { return nil }
      Self.remove(index, of: key, from: &state)
      return flight.begun
    }
    if let begun { await cancelJob(of: begun) }
  }

  /// Cancels what was begun, if anything was; it may have ended.
  private func cancelJob(of begun: Task<Begun, any Error>) async {
    if let job = try? await begun.value.job { await cancel(job) }
  }

  private static func remove(_ index: Int, of key: Key, from state: inout State) {
    state.flights[key]?.remove(at: index)
    if state.flights[key]?.isEmpty == true { state.flights[key] = nil }
  }

  /// One who waits for a call. Whoever forgets it without a word has gone.
  final class Ticket: Sendable {
    enum Leaving: Sendable {
      /// They have got the answer.
      case answered
      /// The call came to nothing.
      case failed
      /// They have waited for too long, or closed the connection.
      case gone
    }

    /// What the call has begun.
    let begun: Task<Begun, any Error>
    /// Whether it was another's call before.
    let hasJoined: Bool
    private let calls: CallsInFlight
    private let key: Key
    private let number: Int
    private let hasLeft = Mutex(false)

    fileprivate init(
      _ calls: CallsInFlight, _ key: Key, _ number: Int, _ begun: Task<Begun, any Error>, hasJoined: Bool
    ) {
      self.calls = calls
      self.key = key
      self.number = number
      self.begun = begun
      self.hasJoined = hasJoined
    }

    deinit { leave(.gone) }

    /// Once; what is said later does not count.
    func leave(_ leaving: Leaving) {
      let isFirst = hasLeft.withLock { hasLeft in
        defer { hasLeft = true }
        return !hasLeft
      }
      if isFirst { calls.leave(key, number, leaving) }
    }
  }
}
