/// The kinds of worker, in the order of their numbers on the wire.
package enum Pool: String, Sendable, Codable, CaseIterable, CustomStringConvertible {
  /// Makes embeddings: text encoder, prior and image encoder.
  case prior
  /// Makes pictures of them: decoder and upsampler.
  case decoder

  /// The stages a worker of this pool serves, the last one first: finishing a picture comes before starting another.
  package var stages: [Stage] { Self.stages[self] ?? [] }

  private static let stages = Dictionary(grouping: Stage.allCases.reversed(), by: \.pool)

  /// Whether what it leaves waits for another pool, which may be slower.
  package var feedsAnother: Bool {
    switch self {
    case .prior: true
    case .decoder: false
    }
  }

  package var description: String { rawValue }
}
