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
