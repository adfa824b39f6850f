/// The three stages of a picture, in their order.
package enum Stage: String, Sendable, Codable, CaseIterable, CustomStringConvertible {
  /// Prompt to CLIP image embedding (text encoder and prior).
  case embed
  /// Image embedding to base image (decoder).
  case denoise
  /// Base image to finished picture (upsampler).
  case upsample

  package var next: Stage? {
    switch self {
    case .embed: .denoise
    case .denoise: .upsample
    case .upsample: nil
    }
  }

  package var pool: Pool {
    switch self {
    case .embed: .prior
    case .denoise, .upsample: .decoder
    }
  }

  package var description: String { rawValue }
}
