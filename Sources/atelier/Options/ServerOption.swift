import ArgumentParser
import Foundation
import Shared

/// Where the coordinator is, for all commands that talk to one: the option, else the environment, else the
/// configuration of the working directory, else the default.
struct ServerOption: ParsableArguments {
  @Option(help: "The coordinator's URL. Default: $ATELIER_SERVER, else cluster.yaml, else http://127.0.0.1:8080.")
  var server: String?

  /// A client of it. Nothing is sent yet.
  ///
  /// - Throws: `configuration` if `cluster.yaml` has to be read and is wrong, or if the URL is none.
  func client() throws -> CoordinatorClient {
    CoordinatorClient(base: try url())
  }

  /// An empty environment variable counts as none.
  private func url() throws -> String {
    if let server { return try Self.checked(server, from: "--server") }
    if let server = ProcessInfo.processInfo.environment["ATELIER_SERVER"], !server.isEmpty {
      return try Self.checked(server, from: "ATELIER_SERVER")
    }
    return try Self.checked("http://" + ClusterConfiguration.load(nil).coordinator.http, from: "coordinator.http")
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
