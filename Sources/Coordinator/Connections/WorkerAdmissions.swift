package import Shared
import Store
import Synchronization

/// Whose keys may connect where workers have to prove who they are: what the store says, in memory, so that ZeroMQ's
/// thread and each message are answered at once. Only turns that were committed change it.
package final class WorkerAdmissions: Sendable {
  /// What a key may do.
  package enum Admission: Sendable, Equatable {
    /// Be a worker of these pools; of all, if there are none.
    case worker(pools: [Pool])
    /// Ask to join.
    case invitation
  }

  private struct State {
    var server: ServerKeys
    var keys: [CurveKey: WorkerKeyRecord] = [:]
    var invitations: [CurveKey: Double] = [:]
    var refusals = 0
  }

  /// Of workers that were started with this coordinator.
  private let own: Set<CurveKey>
  private let state: Mutex<State>

  /// - Parameters:
  ///   - server: the coordinator's own keys.
  ///   - own: keys that are admitted for as long as this process lives, whatever the store says.
  package init(_ server: ServerKeys, own: [CurveKey] = []) {
    state = Mutex(State(server: server))
    self.own = Set(own)
  }

  /// The coordinator's own keys.
  package var serverKeys: ServerKeys { state.withLock { $0.server } }

  /// Changes the coordinator's own keys; what throws changes nothing. The transport is to be told of another current one.
  func changeServerKeys(_ change: (ServerKeys) throws -> ServerKeys) throws -> ServerKeys {
    try state.withLock { state throws in
      state.server = try change(state.server)
      return state.server
    }
  }

  /// For the transport.
  package var server: CurveServer {
    CurveServer(keys: serverKeys.current) { [self] key in
      let isAdmitted = admission(of: key) != nil
      if !isAdmitted { state.withLock { $0.refusals += 1 } }
      return isAdmitted
    }
  }

  /// Connections that were refused.
  var refusals: Int { state.withLock { $0.refusals } }

  /// What a key may do now; nil for nothing at all.
  package func admission(of key: CurveKey) -> Admission? {
    if own.contains(key) { return .worker(pools: []) }
    return state.withLock { state in
      if let record = state.keys[key] {
        return record.status.revokedAt == nil ? .worker(pools: record.status.pools) : nil
      }
      return state.invitations[key] == nil ? nil : .invitation
    }
  }

  /// Whether it is time to note that a worker with this key was seen, which then counts as done.
  func isToBeNoted(_ key: CurveKey, at now: Double) -> Bool {
    state.withLock { state in
      guard let record = state.keys[key], now - (record.status.seenAt ?? 0) > 60 else { return false }
      state.keys[key]?.status.seenAt = now
      return true
    }
  }

  /// The key in whose place this one came, if that still may connect: it may no more from now on.
  func takeReplaced(by key: CurveKey, at now: Double) -> CurveKey? {
    state.withLock { state in
      guard let old = state.keys[key]?.replaces, let record = state.keys[old], record.status.revokedAt == nil else {
        return nil
      }
      state.keys[old]?.status.revokedAt = now
      return old
    }
  }

  func load(_ keys: [WorkerKeyRecord], _ invitations: [InvitationRecord]) {
    state.withLock { state in
      state.keys = Dictionary(keys.map { ($0.key, $0) }) { $1 }
      state.invitations = Dictionary(invitations.map { ($0.key, $0.expiresAt) }) { $1 }
    }
  }

  func add(_ record: WorkerKeyRecord) { state.withLock { $0.keys[record.key] = record } }

  func add(_ invitation: InvitationRecord) {
    state.withLock { state in
      let before = invitation.createdAt - InvitationRecord.remembered
      state.invitations = state.invitations.filter { $0.value >= before }
      state.invitations[invitation.key] = invitation.expiresAt
    }
  }

  func revoke(_ key: CurveKey, at now: Double) { state.withLock { $0.keys[key]?.status.revokedAt = now } }
}
