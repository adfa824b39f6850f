/// The stages of a picture, in the order of their numbers on the wire. ``StagePlan`` says which of them a request goes
/// through, and what each reads and leaves.
package enum Stage: String, Sendable, Codable, CaseIterable, CustomStringConvertible {
  /// Prompt to CLIP image embedding (text encoder and prior).
  case embed
  /// Image embedding to base image (decoder).
  case denoise
  /// Base image to finished picture (upsampler).
  case upsample

  /// Whose work it is.
  package var pool: Pool {
    switch self {
    case .embed: .prior
    case .denoise, .upsample: .decoder
    }
  }

  package var description: String { rawValue }
}

extension StagePlan {
  /// The plan itself: a scoring ends with its first stage, everything else goes through all three.
  static func steps(of kind: PictureOperation.Kind, inverts: Bool) -> [Step] {
    guard kind != .score else {
      return [Step(stage: .embed, inputs: [], outputs: [.scores], readsSources: true)]
    }
    let text: [Artifact.Kind] = [.textStates, .textEmbedding, .textMask]
    // An edit is decoded and enlarged around its picture; its embedding is the prompt's alone.
    let isEdit = kind == .edit
    return [
      Step(stage: .embed, inputs: [], outputs: [.imageEmbedding] + text, readsSources: !isEdit),
      Step(
        stage: .denoise, inputs: text + [.imageEmbedding], outputs: [.baseImage], readsSources: isEdit || inverts),
      Step(stage: .upsample, inputs: [.baseImage], outputs: [.picture], readsSources: isEdit),
    ]
  }
}
