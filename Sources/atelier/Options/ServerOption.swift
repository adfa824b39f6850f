import ArgumentParser
import Foundation
import Shared

/// Where the coordinator is, for all commands that talk to one.
struct ServerOption: ParsableArguments {
  @Option(help: "The coordinator's URL. Default: $ATELIER_SERVER, else cluster.yaml, else http://127.0.0.1:8080.")
  var server: String?

  func client() throws -> CoordinatorClient {
    CoordinatorClient(base: try url())
  }

  private func url() throws -> String {
    if let server { return server }
    if let server = ProcessInfo.processInfo.environment["ATELIER_SERVER"], !server.isEmpty { return server }
    return "http://" + (try ClusterConfiguration.load(nil)).coordinator.http
  }
}

extension ClusterConfiguration {
  /// The named file, or `cluster.yaml` if there is one, or the defaults.
  static func load(_ path: String?) throws(AtelierError) -> ClusterConfiguration {
    if let path { return try ClusterConfiguration(contentsOf: path) }
    if FileManager.default.fileExists(atPath: "cluster.yaml") {
      return try ClusterConfiguration(contentsOf: "cluster.yaml")
    }
    return ClusterConfiguration()
  }
}
