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
  /// The most steps that its stages take; what is absent is not known.
  package var limits: RenderParameters

  package init(
    name: String, digest: String, size: PictureSize, defaults: RenderParameters, readsPictures: Bool = false,
    hasPrior: Bool = true, limits: RenderParameters = RenderParameters()
  ) {
    self.name = name
    self.digest = digest
    self.size = size
    self.defaults = defaults
    self.readsPictures = readsPictures
    self.hasPrior = hasPrior
    self.limits = limits
  }

  /// Refuses steps that the model does not have.
  ///
  /// - Parameter operation: a kind that needs no prior may say anything of its steps.
  /// - Throws: `invalidInput` that names the parameter, its value and the limit.
  package func check(_ parameters: RenderParameters, of operation: PictureOperation) throws(AtelierError) {
    guard PictureOperation.Kind.withPictures.contains(operation.kind) else { return }
    let steps: [(name: String, steps: Int?, most: Int?)] = [
      ("prior_steps", operation.needsPrior ? parameters.priorSteps : nil, limits.priorSteps),
      ("decoder_steps", parameters.decoderSteps, limits.decoderSteps),
      ("super_res_steps", parameters.superResSteps, limits.superResSteps),
    ]
    for (name, steps, most) in steps {
      if let steps, let most, steps > most {
        throw AtelierError(.invalidInput, "'\(name)' is \(steps); the model '\(self.name)' takes at most \(most).")
      }
    }
  }
}
