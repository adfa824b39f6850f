package import Shared

/// Tells of uploaded files whether a worker could read them, and resizes them; given by who knows pictures, which the coordinator does
/// not.
package struct PictureInspector: Sendable {
  /// Why a file is no picture that is read, with what to do: `invalidInput`, or `system` if that cannot be told now. Nil
  /// for one that is.
  package var fault: @Sendable (_ picture: [UInt8]) -> AtelierError?
  /// Why a picture cannot be edited, or a mask does not fit it; nil if all is in order.
  package var faultOfEdit: @Sendable (_ picture: [UInt8], _ mask: [UInt8]?) -> AtelierError?
  /// The picture as a PNG file of another size, with its opacity; throws as ``fault``.
  package var resized: @Sendable (_ picture: [UInt8], _ size: PictureSize) throws(AtelierError) -> [UInt8]
  /// Why a file is no image embedding that is read, in words that bear its name: `invalidInput`. Nil for one that is.
  package var faultOfEmbedding: @Sendable (_ embedding: [UInt8], _ name: String) -> AtelierError?

  package init(
    fault: @escaping @Sendable (_ picture: [UInt8]) -> AtelierError?,
    faultOfEdit: @escaping @Sendable (_ picture: [UInt8], _ mask: [UInt8]?) -> AtelierError?,
    resized: @escaping @Sendable (_ picture: [UInt8], _ size: PictureSize) throws(AtelierError) -> [UInt8],
    faultOfEmbedding: @escaping @Sendable (_ embedding: [UInt8], _ name: String) -> AtelierError?
  ) {
    self.fault = fault
    self.faultOfEdit = faultOfEdit
    self.resized = resized
    self.faultOfEmbedding = faultOfEmbedding
  }
}
