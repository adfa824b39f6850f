/// How the stages walk from noise to a picture.
package enum SamplerName: String, Sendable, Codable, CaseIterable {
  /// The reference's respaced ancestral sampler.
  case ddpm
  /// Implicit sampling; `eta` says how much noise its steps add.
  case ddim
  /// A second-order solver: a good picture in 10 to 15 steps.
  case solver = "dpm-solver"

  static let list = allCases.map(\.rawValue).joined(separator: ", ")

  /// - Throws: `invalidInput` with the names that are known.
  package init(parsing text: String) throws(AtelierError) {
    guard let name = Self(rawValue: text) else {
      throw AtelierError(.invalidInput, "The sampler '\(text)' is not known; it must be one of: \(Self.list).")
    }
    self = name
  }
}
