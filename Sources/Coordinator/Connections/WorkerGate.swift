import Shared
import Synchronization

/// Decides of each message of a worker whether it is that worker's, before anything of it is looked at: whose name it
/// bears, on which connection, with which key. Knows the connection of each worker, for answers.
///
/// A name belongs to a key, whose fingerprint it ends in; where there are no keys, to whoever brings the secret of the
/// name's first hello. It is heard on the connection of its newest hello, and on no other: so a worker that connects
/// anew replaces itself at once, and nobody else.
final class WorkerGate: Sendable {
  /// What is to be done about a message.
  enum Decision: Sendable, Equatable {
    /// It is this worker's. The other one was the same key's, and is gone.
    case pass(WorkerID, replaced: WorkerID? = nil)
    /// Somebody asks to be admitted, by the invitation with this key or in the place of the worker with it.
    case join(Wire.Join, by: CurveKey)
    /// It counts for nothing; this is said to who sent it.
    case answer(Wire.FromCoordinator.OneOf_Body)
    /// It counts for nothing.
    case ignore(String)
  }

  /// To whom a name belongs.
  private enum Owner: Equatable {
    case key(CurveKey)
    case secret([UInt8])
    /// Of a peer that has no secret: this connection, while it lasts.
    case route(String)
  }

  private struct State {
    var workers: [WorkerID: (owner: Owner, route: String)] = [:]
    var names: [String: WorkerID] = [:]
    var keys: [CurveKey: WorkerID] = [:]

    /// Forgets a name, its connection and its key.
    mutating func forget(_ id: WorkerID) {
      guard let (owner, route) = workers.removeValue(forKey: id) else { return }
      if names[route] == id { names[route] = nil }
      if case .key(let key) = owner, keys[key] == id { keys[key] = nil }
    }
  }

  private let state = Mutex(State())
  /// Nil where nobody proves anything.
  private let admissions: WorkerAdmissions?
  /// Names that are kept; further ones push out those that no worker has any more.
  private let mostNames: Int

  init(_ admissions: WorkerAdmissions?, mostNames: Int = 20_000) {
    self.admissions = admissions
    self.mostNames = mostNames
  }

  /// The connection on which a worker is heard; nil if there is none.
  func route(to id: WorkerID) -> String? { state.withLock { $0.workers[id]?.route } }

  /// The worker that is heard on a connection.
  func worker(on route: String) -> WorkerID? { state.withLock { $0.names[route] } }

  /// Hears a key no more, on whatever connection.
  func forget(_ key: CurveKey) {
    state.withLock { state in if let id = state.keys[key] { state.forget(id) } }
  }

  /// - Parameter isKnown: whether the coordinator knows a worker of this name.
  func decide(_ message: Wire.FromWorker, from peer: Peer, isKnown: (WorkerID) -> Bool) -> Decision {
    let id = WorkerID(message.workerID)
    var owner: Owner?
    if let admissions {
      guard let key = peer.key, let admission = admissions.admission(of: key) else {
        return refusal("The key of this worker was revoked. Join again, with a new key and token.")
      }
      if case .join(let join)? = message.body { return .join(join, by: key) }
      guard case .worker(let pools) = admission else { return .ignore("an invitation's key may join and no more") }
      guard id.isOf(key) else { return refusal("'\(id)' is another worker's name: it does not end in this key.") }
      if case .hello(let hello)? = message.body, !pools.isEmpty, Pool(wire: hello.pool).map(pools.contains) != true {
        let names = pools.map(\.rawValue).joined(separator: ", ")
        return refusal("The key of this worker is for the pool \(names) only. Join again with a token for another.")
      }
      owner = .key(key)
    }
    guard !id.text.isEmpty else { return .ignore("it names no worker") }
    guard case .hello(let hello)? = message.body else {
      if isHeard(id, owner, on: peer.route) { return .pass(id) }
      if case .goodbye? = message.body { return .ignore("a goodbye of a worker that said no hello") }
      return .answer(.unknownWorker(.init()))
    }
    return welcome(
      id, owner ?? (hello.secret.isEmpty ? .route(peer.route) : .secret([UInt8](hello.secret.prefix(64)))),
      on: peer.route, isKnown)
  }

  private func isHeard(_ id: WorkerID, _ owner: Owner?, on route: String) -> Bool {
    state.withLock { state in
      guard let known = state.workers[id], known.route == route else { return false }
      return owner.map { $0 == known.owner } ?? true
    }
  }

  /// From now on a worker is heard on this connection, if the name is its own.
  private func welcome(
    _ id: WorkerID, _ owner: Owner, on route: String, _ isKnown: (WorkerID) -> Bool
  ) -> Decision {
    state.withLock { state in
      if let known = state.workers[id], known.owner != owner {
        return refusal("'\(id)' is another worker's name, which is connected or was lately. Start with a new one.")
      }
      if state.workers[id] == nil, state.workers.count >= mostNames {
        for name in Array(state.workers.keys) where !isKnown(name) { state.forget(name) }
        guard state.workers.count < mostNames else {
          return refusal("This coordinator has heard of \(mostNames) workers, as many as it does.")
        }
      }
      var replaced = state.names[route]
      if case .key(let key) = owner { replaced = state.keys[key] ?? replaced }
      if replaced == id { replaced = nil }
      if let replaced { state.forget(replaced) }
      state.forget(id)
      state.workers[id] = (owner, route)
      state.names[route] = id
      if case .key(let key) = owner { state.keys[key] = id }
      return .pass(id, replaced: replaced)
    }
  }

  private func refusal(_ reason: String) -> Decision {
    var refusal = Wire.Refusal()
    refusal.reason = reason
    return .answer(.refusal(refusal))
  }
}
