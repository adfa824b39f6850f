package import Shared

/// Where finished pictures are put.
package protocol PictureStore: Sendable {
  /// Writes a picture durably. Writing the same picture again is harmless.
  ///
  /// - Throws: `system`.
  func write(_ bytes: [UInt8], name: String) throws(AtelierError)
}
