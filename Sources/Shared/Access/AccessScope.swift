/// What a token allows. A route names the scope that it needs; a token has one or several.
package enum AccessScope: String, Sendable, Codable, CaseIterable, Hashable {
  /// Own jobs, their manifests and pictures, and how the cluster is.
  case read
  /// The same of all owners' jobs, and metrics.
  case readAll = "read:all"
  /// New jobs, and what becomes of one's own.
  case submit
  /// What becomes of all jobs, and of workers.
  case operate
  /// Tokens, backups, what is let go of for ever.
  case admin

  /// Reads scopes as they are written behind `--scope`: names with commas between them.
  ///
  /// - Throws: `invalidInput` that lists the names there are.
  package static func list(_ text: String) throws(AtelierError) -> Set<AccessScope> {
    var scopes: Set<AccessScope> = []
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let scope = AccessScope(rawValue: String(name)) else {
        let known = allCases.map(\.rawValue).joined(separator: ", ")
        throw AtelierError(.invalidInput, "'\(name)' is no scope; there are \(known).")
      }
      scopes.insert(scope)
    }
    return scopes
  }

  /// Scopes as ``list(_:)`` reads them, always in the same order.
  package static func text(_ scopes: Set<AccessScope>) -> String {
    allCases.filter(scopes.contains).map(\.rawValue).joined(separator: ",")
  }
}
