/// Whose fault a failed attempt was, in the order of their numbers on the wire. The worker says it; the coordinator
/// does where a worker vanished or brought something damaged.
package enum FailureBlame: String, Sendable, CaseIterable {
  /// Bad input: no other attempt would do better.
  case task
  /// Another worker should try.
  case worker
  /// Memory, disk: the same may work later.
  case transient
}
