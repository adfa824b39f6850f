import Synchronization

/// What Winograd's algorithm made of a small layer's weights, kept from one evaluation of the model to the next.
///
/// Large layers' would take too much memory, and are cheap beside what is computed with them. Those of a process take
/// 128 MB together at most; which layers get them does not change any result.
final class TransformedWeights: Sendable {
  /// Values that a layer keeps at most.
  private static let layerLimit = 1 << 21
  /// Values that all layers keep at most.
  private static let limit = 1 << 25
  private static let taken = Atomic<Int>(0)

  private let kept = Mutex<[Int: Tensor]>([:])

  deinit { Self.taken.subtract(kept.withLock { $0.values.reduce(0) { $0 + $1.count } }, ordering: .relaxed) }

  /// Those for tiles of m x m results, if they were kept.
  func forTiles(of tile: Int) -> Tensor? { kept.withLock { $0[tile] } }

  /// Whether so many values may be kept.
  static func hasRoom(for count: Int) -> Bool {
    count <= layerLimit && taken.load(ordering: .relaxed) + count <= limit
  }

  /// Keeps those for tiles of m x m results if there is room.
  func keep(_ values: Tensor, forTilesOf tile: Int) {
    guard Self.hasRoom(for: values.count) else { return }
    kept.withLock {
      guard $0.updateValue(values, forKey: tile) == nil else { return }
      Self.taken.add(values.count, ordering: .relaxed)
    }
  }
}
