package import Shared

/// An image that a transaction has ended: finished, or failed. What is cancelled with its job is not told one by one.
package struct ImageEnding: Sendable, Equatable {
  package var picture: PictureID
  /// Of its item.
  package var customID: String?
  /// Whose its job is.
  package var owner: String
  package var state: ImageState

  package init(picture: PictureID, customID: String?, owner: String, state: ImageState) {
    self.picture = picture
    self.customID = customID
    self.owner = owner
    self.state = state
  }
}
