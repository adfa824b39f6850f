import Crypto
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Shared
import Synchronization

/// By what a client knows that it talks to its coordinator over HTTPS.
enum ServerTrust: Sendable, Equatable {
  /// By who has issued the certificate, and its name: as browsers do. Whom this machine trusts, or who is in the file that
  /// `SSL_CERT_FILE` names, as OpenSSL has it.
  case issuer
  /// By the certificate's SHA-256, 64 hexadecimal digits: for one that the coordinator has made itself. Of several any
  /// will do, such as that of now and that which follows.
  case fingerprints([String])
  /// It is on this machine, so nobody is between.
  case sameMachine

  private static let found = Mutex<[String: NIOSSLCertificate]>([:])
  private static let prefix = "sha256:"

  /// Reads the fragment of a coordinator's URL, `sha256:` and 64 hexadecimal digits, or several with commas between.
  ///
  /// - Throws: `configuration` for anything else.
  init(fragment: String) throws(AtelierError) {
    let digests = fragment.lowercased().dropFirst(Self.prefix.count)
      .split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard fragment.lowercased().hasPrefix(Self.prefix), digests.allSatisfy({ SourceFile.isDigest($0) }) else {
      throw AtelierError(
        .configuration,
        "'#\(fragment.prefix(100))' is no fingerprint of a coordinator; it must be like #sha256: and 64 digits, as "
          + "'atelier token create' prints it.")
    }
    self = .fingerprints(digests)
  }

  /// A URL with the fingerprint that clients pin.
  static func url(_ base: String, fingerprint: String?) -> String {
    fingerprint.map { "\(base)#\(prefix)\($0)" } ?? base
  }

  /// What a connection to a coordinator needs; nil for what goes without saying.
  ///
  /// - Throws: `unavailable` if nobody answers, `denied` if what answers has another certificate; `configuration` if the
  ///   file of issuers cannot be read.
  func configuration(
    for base: String, _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) async throws -> TLSConfiguration? {
    guard base.lowercased().hasPrefix("https:") else { return nil }
    var configuration = TLSConfiguration.makeClientConfiguration()
    switch self {
    case .issuer:
      guard let file = environment["SSL_CERT_FILE"], !file.isEmpty else { return nil }
      guard let issuers = try? NIOSSLCertificate.fromPEMFile(file), !issuers.isEmpty else {
        throw AtelierError(
          .configuration, "Cannot read certificates of authorities in '\(file)' (SSL_CERT_FILE): it must be PEM.")
      }
      configuration.trustRoots = .certificates(issuers)
    case .sameMachine: configuration.certificateVerification = .none
    case .fingerprints(let digests):
      // Connections of the HTTP client trust this one certificate, whatever name is in it.
      configuration.trustRoots = .certificates([try await Self.certificate(of: base, digests)])
      configuration.certificateVerification = .noHostnameVerification
    }
    return configuration
  }

  /// The certificate that one of the fingerprints is of, which a coordinator shows. Asked for once.
  private static func certificate(of base: String, _ digests: [String]) async throws -> NIOSSLCertificate {
    if let known = found.withLock({ found in digests.compactMap { found[$0] }.first }) { return known }
    guard let url = URLComponents(string: base), let host = url.host else {
      throw AtelierError(.configuration, "'\(base)' is no URL of a coordinator.")
    }
    let shown = try await shownCertificate(
      host: host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")), port: url.port ?? 443, base: base)
    let found = hexadecimal(SHA256.hash(data: try shown.toDERBytes()))
    guard digests.contains(found) else {
      throw AtelierError(
        .denied,
        "What answers at \(base) has the certificate \(found), and the coordinator has \(digests.joined(separator: " or ")): somebody may be "
          + "between. If the coordinator has made a new certificate, 'atelier token create' prints its fingerprint.")
    }
    Self.found.withLock { $0[found] = shown }
    return shown
  }

  /// What a server shows, whatever it is; nothing is sent to it.
  private static func shownCertificate(host: String, port: Int, base: String) async throws -> NIOSSLCertificate {
    do {
      let loop = MultiThreadedEventLoopGroup.singleton.any()
      let shown = loop.makePromise(of: NIOSSLCertificate.self)
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.certificateVerification = .noHostnameVerification
      let context = try NIOSSLContext(configuration: configuration)
      let channel: any Channel
      do {
        channel = try await ClientBootstrap(group: loop).connectTimeout(.seconds(5)).channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(
              try NIOSSLClientHandler(context: context, serverHostname: nil) { certificates, verified in
                if let first = certificates.first { shown.succeed(first) }
                verified.succeed(NIOSSLVerificationResult.failed)
              })
          }
        }.connect(host: host, port: port).get()
      } catch {
        shown.fail(error)
        throw error
      }
      channel.closeFuture.whenComplete { _ in shown.fail(ChannelError.eof) }
      loop.scheduleTask(in: .seconds(10)) { channel.close(promise: nil) }
      defer { channel.close(promise: nil) }
      return try await shown.futureResult.get()
    } catch {
      throw AtelierError(.unavailable, "No coordinator answers over HTTPS at \(base) (\(error)).", cause: nil)
    }
  }
}
