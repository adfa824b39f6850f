package import Shared

/// What a picture would become if the last step that was made of it led to the end.
package struct PicturePreview: Sendable, Equatable {
  package var picture: PictureID
  package var stage: Stage
  /// Which pass of the stage, from 0.
  package var pass: Int
  /// Steps done of that pass, and how many it has.
  package var step: Int
  package var steps: Int
  /// How much of all steps of the picture is done, from 0 to 1.
  package var done: Double
  /// A small picture file.
  package var bytes: [UInt8]
  package var mediaType: String
  package var size: PictureSize
}
