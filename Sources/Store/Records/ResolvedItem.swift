package import Shared

/// An item with a value in every field, ready to be stored: nothing that is decided later can change its pictures.
package struct ResolvedItem: Sendable {
  /// Of the prompt file, from 1.
  package var line: Int
  package var customID: String?
  package var prompt: String
  package var operation: PictureOperation
  package var negativePrompt: String?
  /// What the model does not see of its texts.
  package var cut: [CutText]?
  /// How many pictures it has, or 1 for a scoring.
  package var n: Int
  /// Of its first picture.
  package var seed: UInt64
  /// Nil where the picture keeps the size of its source.
  package var size: PictureSize?
  package var parameters: RenderParameters

  package init(
    line: Int, customID: String?, prompt: String, operation: PictureOperation = .render(embedding: nil),
    negativePrompt: String?, cut: [CutText]? = nil, n: Int, seed: UInt64, size: PictureSize?,
    parameters: RenderParameters
  ) {
    self.line = line
    self.customID = customID
    self.prompt = prompt
    self.operation = operation
    self.negativePrompt = negativePrompt
    self.cut = cut
    self.n = n
    self.seed = seed
    self.size = size
    self.parameters = parameters
  }
}
