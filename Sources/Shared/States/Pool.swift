/// The two kinds of worker.
package enum Pool: String, Sendable, Codable, CaseIterable, CustomStringConvertible {
  case prior
  case decoder

  /// The stages a worker of this pool serves, the last one first: finishing a picture comes before
  /// starting another.
  package var stages: [Stage] {
    switch self {
    case .prior: [.embed]
    case .decoder: [.upsample, .denoise]
    }
  }

  package var description: String { rawValue }
}
