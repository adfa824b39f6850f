import ArgumentParser
import Foundation
import Shared

/// Where the coordinator is, for all commands that talk to one: the option, else the environment, else the
/// configuration of the working directory, else the default.
struct ServerOption: ParsableArguments {
  @Option(
    help: """
      The coordinator's URL, with the fingerprint of its certificate behind it if it has made that itself \
      (https://HOST:PORT#sha256:...). Default: $ATELIER_SERVER, else cluster.yaml, else http://127.0.0.1:8080.
      """)
  var server: String?
  @Option(
    help: "A file with the token to ask with. Default: $ATELIER_API_TOKEN; on the coordinator's machine none is needed."
  )
  var apiTokenFile: String?

  /// A client of it. Nothing is sent yet.
  ///
  /// - Throws: `configuration` if `cluster.yaml` has to be read and is wrong, or if the URL is none; `invalidInput` for
  ///   a token that is none.
  func client() throws -> CoordinatorClient {
    let parts = try url().split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let base = parts[0]
    let own = ownConfiguration(base)
    let trust = parts.count > 1 ? try ServerTrust(fragment: parts[1]) : own != nil ? .sameMachine : .issuer
    return CoordinatorClient(base: base, token: try token(own), trust: trust)
  }

  /// The settings of a coordinator on this machine, if it would be found there.
  private func ownConfiguration(_ base: String) -> ClusterConfiguration? {
    // Settings that cannot be read do not matter to who asks a coordinator elsewhere.
    guard let configuration = try? ClusterConfiguration.load(nil), let url = URLComponents(string: base),
      let host = url.host, configuration.isServed(at: host, url.port)
    else { return nil }
    return configuration
  }

  /// What proves who asks: the option, else the environment, else on the coordinator's machine the file that it makes at
  /// each start. That one is shown to this machine alone.
  private func token(_ own: ClusterConfiguration?) throws(AtelierError) -> TokenSource? {
    if let apiTokenFile { return .given(try TokenSource.read(apiTokenFile), from: apiTokenFile) }
    if let token = ProcessInfo.processInfo.environment["ATELIER_API_TOKEN"], !token.isEmpty {
      return .given(token, from: "ATELIER_API_TOKEN")
    }
    return own.map { .local(LocalToken.path(in: $0.coordinator.data)) }
  }

  /// An empty environment variable counts as none.
  private func url() throws -> String {
    if let server { return try Self.checked(server, from: "--server") }
    if let server = ProcessInfo.processInfo.environment["ATELIER_SERVER"], !server.isEmpty {
      return try Self.checked(server, from: "ATELIER_SERVER")
    }
    let configuration = try ClusterConfiguration.load(nil)
    let scheme = configuration.security.http == .tls ? "https://" : "http://"
    return try Self.checked(scheme + configuration.coordinator.http, from: "coordinator.http")
  }

  /// A port that is none would end the process in the HTTP client.
  private static func checked(_ text: String, from source: String) throws(AtelierError) -> String {
    let url = URLComponents(string: text)
    guard let url, ["http", "https"].contains(url.scheme?.lowercased()), url.host?.isEmpty == false,
      (1...65535).contains(url.port ?? 80)
    else {
      throw AtelierError(
        .configuration, "'\(text)' is no URL of a coordinator; '\(source)' must be like http://127.0.0.1:8080.")
    }
    return text
  }
}

extension ClusterConfiguration {
  /// Whether a coordinator with these settings would be found on this machine under a host and a port.
  func isServed(at host: String, _ port: Int?) -> Bool {
    let host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    guard let own = URLComponents(string: "http://" + coordinator.http), own.port == port else { return false }
    return Loopback.contains(host) || own.host?.trimmingCharacters(in: CharacterSet(charactersIn: "[]")) == host
  }

  /// The named file, or `cluster.yaml` of the working directory if there is one, or the defaults.
  ///
  /// - Throws: `configuration`, also if the named file is not there.
  static func load(_ path: String?) throws(AtelierError) -> ClusterConfiguration {
    if let path { return try ClusterConfiguration(contentsOf: path) }
    if FileManager.default.fileExists(atPath: "cluster.yaml") {
      return try ClusterConfiguration(contentsOf: "cluster.yaml")
    }
    return ClusterConfiguration()
  }
}
