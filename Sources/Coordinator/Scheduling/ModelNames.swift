package import Shared

/// What the names of models mean: the weights, by their digest, and how these are asked. The configuration says so,
/// never a worker; a name that
/// the configuration does not have means what a worker first brought under it, for as long as anybody holds that.
package struct ModelNames: Sendable {
  private let configured: [String: ModelInfo]
  private var brought: [String: String] = [:]
  /// Names that workers bring; further ones mean nothing.
  private static let mostBrought = 10_000

  /// - Parameter models: of the configuration; of two with one name the first.
  package init(_ models: [ModelInfo] = []) {
    configured = Dictionary(models.map { ($0.name, $0.settled) }) { first, _ in first }
  }

  /// The digest of what a name means; nil for a name that nobody has brought.
  package func digest(of name: String) -> String? { configured[name]?.digest ?? brought[name] }

  /// Takes up what a worker brings.
  ///
  /// - Parameter isHeld: whether another worker holds the weights of a digest.
  /// - Returns: whether the name means these weights.
  package mutating func take(_ model: ModelInfo, isHeld: (_ digest: String) -> Bool) -> Bool {
    if let meant = digest(of: model.name), meant != model.digest, configured[model.name] != nil || isHeld(meant) {
      return false
    }
    if let known = configured[model.name] { return known == model.settled }
    guard brought[model.name] != nil || brought.count < Self.mostBrought else { return false }
    brought[model.name] = model.digest
    return true
  }

  /// What is wrong with a model that a worker holds under a name that means other weights; nil if nothing is.
  package func conflict(of model: ModelInfo) -> String? {
    if let known = configured[model.name], known.digest == model.digest, known != model.settled {
      return
        "It says of the model '\(model.name)' other sizes, defaults or limits than the coordinator's configuration "
        + "has, and gets no task of it. Install the same version of atelier on both."
    }
    guard let meant = digest(of: model.name), meant != model.digest else { return nil }
    let source = configured[model.name] == nil ? "another worker" : "the coordinator's configuration"
    return "It holds other weights as '\(model.name)' (\(model.digest.prefix(12))) than \(source) "
      + "(\(meant.prefix(12))), and gets no task of that name. Give both the same folder, or one of them another name."
  }
}

extension ModelInfo {
  /// With a value for every default, as it comes over the wire.
  fileprivate var settled: ModelInfo {
    var model = self
    model.defaults = defaults.filled(from: .karlo)
    return model
  }
}
