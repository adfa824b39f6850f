package import Shared

/// Where finished pictures are put: first aside, durably; then, once the result they came with counts, in their place.
package protocol PictureStore: Sendable {
  /// Writes pictures durably, aside: many at once cost hardly more than one. Needs no turn, so several threads may.
  ///
  /// - Returns: the names by which ``place(_:name:)`` and ``discard(_:)`` know them, in their order.
  /// - Throws: `system`; none is left then.
  func stage(_ pictures: [[UInt8]]) throws(AtelierError) -> [String]

  /// Gives a picture that was put aside its name. Durable after ``sync(_:)``. A picture that has the name is replaced:
  /// it is of a turn that was not committed, or was found damaged.
  ///
  /// - Returns: the folder that has changed.
  /// - Throws: `system`.
  func place(_ staged: String, name: String) throws(AtelierError) -> String

  /// Makes changes of folders durable.
  ///
  /// - Throws: `system`.
  func sync(_ folders: Set<String>) throws(AtelierError)

  /// Forgets a picture that was put aside. Does nothing to one that is in its place.
  func discard(_ staged: String)
}
