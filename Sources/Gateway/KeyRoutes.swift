import Coordinator
import Hummingbird
import Shared

/// What this cluster proves itself with.
///
/// - `GET /api/v1/keys/manifest`: ``ManifestKey``, the public key that manifests are signed with, and those before.
/// - `POST /api/v1/keys/manifest/rotate`: the same once manifests are signed with a new key.
/// - `GET /api/v1/keys/workers`: ``ServerKeyStatus``: the coordinator's key at the workers' port; 422 where it has none.
/// - `POST /api/v1/keys/workers/rotate?overlap=86400`: the same once it is decided that another follows after so many
///   seconds, in which workers learn it; a day if left out.
/// - `POST /api/v1/keys/http/rotate`: ``CertificateStatus`` once another certificate follows that the coordinator has made
///   itself; 422 where it has none of its own.
struct KeyRoutes {
  let coordinator: Coordinator
  /// Of the certificate that the coordinator has made itself.
  let fingerprint: String?
  /// Names under which the coordinator is reached.
  let names: [String]

  /// - Parameter api: the group `/api/v1`.
  func addRoutes(to api: RouterGroup<GatewayContext>) {
    api.get("keys/manifest") { _, _ in try JSONAnswer.response(coordinator.manifestKey) }
    api.post("keys/manifest/rotate") { _, _ in try await JSONAnswer.response(coordinator.rotateManifestKey()) }
    api.get("keys/workers") { _, _ in try JSONAnswer.response(coordinator.serverKeyStatus()) }
    api.post("keys/workers/rotate") { request, _ in
      let overlap = try request.uri.queryParameters.number("overlap", 86_400)
      return try await JSONAnswer.response(coordinator.rotateServerKey(overlap: .seconds(overlap)))
    }
    api.post("keys/http/rotate") { _, _ in
      guard let fingerprint else {
        throw AtelierError(
          .wrongState,
          "This coordinator has made no certificate itself: what is issued, or a proxy has, is replaced there.")
      }
      let next = try await coordinator.blocking.run { [names, coordinator] in
        try ServerCertificate.makeNext(for: names, of: coordinator)
      }
      return try JSONAnswer.response(CertificateStatus(fingerprint: fingerprint, nextFingerprint: next))
    }
  }
}

extension Parameters {
  /// A whole number of a query, so large at most that it can be a time in seconds.
  ///
  /// - Parameter standard: if it is left out.
  /// - Throws: `invalidInput` if it is none.
  func number(_ name: String, _ standard: Int) throws(AtelierError) -> Int {
    guard let text = get(name) else { return standard }
    guard let number = Int(text) else {
      throw AtelierError(.invalidInput, "'\(name)' is '\(text)'; it must be a whole number.")
    }
    return Swift.min(number, 1 << 40)
  }
}
