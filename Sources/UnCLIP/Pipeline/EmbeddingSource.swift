package import Imaging
package import Tensor

/// Where the image embedding that the decoder paints comes from.
package indirect enum EmbeddingSource: Sendable {
  /// The prior makes it from the request's prompt.
  case prompt
  /// The prior makes it from another text.
  case caption(String)
  /// CLIP's image encoder reads it from a picture: the source of variations.
  case picture(RGBImage)
  /// Made before, `[width]`.
  case given(Tensor)
  /// On the great circle between two others, at a fraction of the way.
  case between(EmbeddingSource, EmbeddingSource, fraction: Double)
  /// A picture's, moved towards what one caption says and another does not ("text diffs"): 0 leaves it, 1 goes
  /// all the way. The paper uses 0.25 to 0.5.
  case moved(RGBImage, from: String, to: String, strength: Double)

  /// An earlier stage has made it, elsewhere; if by the prior, that drew noise.
  case made(byPrior: Bool)

  /// Whether the prior runs for it, and so draws noise.
  package var usesPrior: Bool {
    switch self {
    case .prompt, .caption: true
    case .picture, .given, .moved: false
    case .between(let first, let second, _): first.usesPrior || second.usesPrior
    case .made(let byPrior): byPrior
    }
  }

  /// Whether the image encoder runs for it.
  package var usesImageEncoder: Bool {
    switch self {
    case .prompt, .caption, .given, .made: false
    case .picture, .moved: true
    case .between(let first, let second, _): first.usesImageEncoder || second.usesImageEncoder
    }
  }
}
