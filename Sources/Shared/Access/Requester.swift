/// Who asks for something over HTTP, and what they may.
package struct Requester: Sendable, Equatable {
  /// Whose the jobs are that they make.
  package var owner: String
  package var scopes: Set<AccessScope>
  /// By which token they are known; nil while nobody is asked for one.
  package var token: String?

  package init(owner: String, scopes: Set<AccessScope>, token: String? = nil) {
    self.owner = owner
    self.scopes = scopes
    self.token = token
  }

  /// Everybody, on a coordinator that only its own machine can reach.
  package static let local = Requester(owner: JobOwner.local, scopes: Set(AccessScope.allCases))

  /// Who sees all jobs sees their own.
  package func has(_ scope: AccessScope) -> Bool {
    scopes.contains(scope) || (scope == .read && scopes.contains(.readAll))
  }
}
