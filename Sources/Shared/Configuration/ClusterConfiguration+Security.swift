extension ClusterConfiguration {
  /// The section `security`: how those are met who come from elsewhere. Left out, only this machine is served.
  package struct Security: Sendable, Equatable {
    /// How HTTP is protected.
    package enum HTTP: String, Sendable, CaseIterable {
      /// HTTPS, and tokens.
      case tls
      /// Tokens alone: behind a proxy that speaks HTTPS.
      case plain
    }

    /// How workers prove who they are; nil where nothing is said.
    package var workers: WorkerSecurity?
    /// Nil for neither, which is for addresses that only this machine can reach.
    package var http: HTTP?
    /// Names under which browsers reach the coordinator, beside the address that it listens on.
    package var hosts: [String] = []
    /// The certificate and its key, PEM files; both nil for one that the coordinator makes itself.
    package var certificate: String?
    package var key: String?
  }

  /// The section `limits`: what each owner of jobs may have. Nil is no limit.
  package struct Limits: Sendable, Equatable {
    /// Pictures that are not finished.
    package var picturesInHand: Int?
    /// Items of jobs that have not ended.
    package var queuedItems: Int?
    /// Bytes of uploaded files that are kept.
    package var sourceBytes: Int?

    package init() {}
  }
}

extension ConfigurationSection {
  /// Reads the section `security`.
  ///
  /// - Parameter resolve: makes a path absolute.
  mutating func security(
    _ resolve: (String) -> String
  ) throws(AtelierError) -> ClusterConfiguration.Security {
    var security = ClusterConfiguration.Security()
    try word("workers") { security.workers = $0 }
    try word("http") { security.http = $0 }
    security.hosts = try strings("hosts")
    if var tls = try section("tls") {
      try tls.string("certificate") { security.certificate = resolve($0) }
      try tls.string("key") { security.key = resolve($0) }
      if (security.certificate == nil) != (security.key == nil) {
        throw error("tls", "'certificate' and 'key' belong together")
      }
      if security.http != .tls { throw error("tls", "it is for 'http: tls'") }
      try tls.finish()
    }
    return security
  }

  /// Reads the section `limits`, in which 0 is no limit.
  mutating func limits() throws(AtelierError) -> ClusterConfiguration.Limits {
    var limits = ClusterConfiguration.Limits()
    let most = 1_000_000_000
    try integer("pictures_in_hand", in: 0...most) { limits.picturesInHand = $0 == 0 ? nil : $0 }
    try integer("queued_items", in: 0...most) { limits.queuedItems = $0 == 0 ? nil : $0 }
    try integer("source_megabytes", in: 0...most) { limits.sourceBytes = $0 == 0 ? nil : $0 << 20 }
    return limits
  }
}
