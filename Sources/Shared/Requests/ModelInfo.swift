/// What the cluster knows of a model: enough to accept a job for it and to find a worker that holds it.
package struct ModelInfo: Hashable, Sendable, Codable {
  package var name: String
  /// SHA-256 of its weights and configurations, hexadecimal.
  package var digest: String
  /// The size of the pictures that it makes by itself.
  package var size: PictureSize
  /// What it recommends.
  package var defaults: RenderParameters
  /// Whether it has an image encoder, and so takes pictures too.
  package var readsPictures: Bool
  /// Whether it makes pictures of prompts, not only of pictures and embeddings.
  package var hasPrior: Bool

  package init(
    name: String, digest: String, size: PictureSize, defaults: RenderParameters, readsPictures: Bool = false,
    hasPrior: Bool = true
  ) {
    self.name = name
    self.digest = digest
    self.size = size
    self.defaults = defaults
    self.readsPictures = readsPictures
    self.hasPrior = hasPrior
  }
}
