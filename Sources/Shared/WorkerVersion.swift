/// How a worker names its software: the version, and in brackets what the bytes depend on that it makes. Workers that
/// name the same make the same bytes of the same task; of one without brackets nobody can tell.
package enum WorkerVersion {
  /// - Parameter kind: instruction set and libraries.
  package static func text(computesWith kind: String?) -> String {
    kind.map { "\(AtelierVersion.current) (\($0))" } ?? AtelierVersion.current
  }

  /// What workers have in common that make the same bytes; nil if this one does not say.
  package static func kind(of version: String) -> String? {
    version.hasSuffix(")") && version.contains("(") ? version : nil
  }
}
