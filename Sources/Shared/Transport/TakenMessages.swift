import Synchronization

/// What the thread that takes messages tells the one that watches connections.
final class TakenMessages: Sendable {
  private let state = Mutex<(connections: Set<Int32>, drained: Int)>(([], 0))

  /// A whole message was taken that came on this connection.
  func note(_ descriptor: Int32) { _ = state.withLock { $0.connections.insert(descriptor) } }

  /// All messages were taken that had arrived.
  func noteDrained() { state.withLock { $0.drained += 1 } }

  /// The connections of messages since this was asked last.
  func takeConnections() -> Set<Int32> {
    state.withLock { state in
      defer { state.connections.removeAll(keepingCapacity: true) }
      return state.connections
    }
  }

  /// How often all was taken.
  var drained: Int { state.withLock { $0.drained } }
}
