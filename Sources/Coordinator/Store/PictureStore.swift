package import Shared

/// Where finished pictures are put: first aside, durably; then, once the result they came with counts, in their place.
package protocol PictureStore: Sendable {
  /// Writes pictures durably, aside: many at once cost hardly more than one. Returns the names by which `place` and
  /// `discard` know them.
  ///
  /// - Throws: `system`; none is left then.
  func stage(_ pictures: [[UInt8]]) throws(AtelierError) -> [String]

  /// Gives a picture that was put aside its name. Durable after `settle`.
  ///
  /// - Returns: the folder that has changed.
  /// - Throws: `system`.
  func place(_ staged: String, name: String) throws(AtelierError) -> String

  /// Makes changes of folders durable.
  ///
  /// - Throws: `system`.
  func settle(_ folders: Set<String>) throws(AtelierError)

  /// Forgets a picture that was put aside. Does nothing to one that is in its place.
  func discard(_ staged: String)
}
