import Shared
import Testing

@testable import Gateway

/// What an address needs before anything listens on it.
@Suite struct DoorTests {
  private func door(_ address: String, _ http: ClusterConfiguration.Security.HTTP?) throws -> Door {
    var configuration = ClusterConfiguration()
    configuration.coordinator.http = address
    configuration.security.http = http
    return try Door(configuration)
  }

  @Test(arguments: ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.0.0.2:1"])
  func `what only this machine reaches asks nobody, and needs nothing`(address: String) throws {
    let door = try door(address, nil)
    #expect(!door.asksForTokens && !door.isEncrypted)
  }

  @Test(arguments: ["0.0.0.0:8080", "10.0.0.5:8080", "[::]:8080", "host7:8080"])
  func `what others reach does not start unprotected, and the lines to write are said`(address: String) {
    let error = #expect(throws: AtelierError.self) { _ = try door(address, nil) }
    #expect(error?.code == .configuration)
    #expect(error?.message.contains("'security:' and below it '  http: tls'") == true)
    #expect(error?.message.contains("'\(address)'") == true)
  }

  @Test func `the lines that are said are settings that work`() throws {
    let configuration = try ClusterConfiguration(
      yaml: "coordinator:\n  http: 0.0.0.0:8080\nsecurity:\n  http: tls\n", name: "cluster.yaml", folder: "/srv")
    let door = try Door(configuration)
    #expect(door.asksForTokens && door.isEncrypted)
  }

  @Test func `others are told the name under which they reach it`() throws {
    var configuration = ClusterConfiguration()
    for (http, hosts, server) in [
      (nil, ["a.example"], nil), (.plain, [], nil), (.plain, ["a.example", "b"], "https://a.example"),
      (.plain, ["a.example:8443"], "https://a.example:8443"), (.tls, ["a.example"], "https://a.example:8080"),
    ] as [(ClusterConfiguration.Security.HTTP?, [String], String?)] {
      configuration.security.http = http
      configuration.security.hosts = hosts
      #expect(try Door(configuration).server == server)
    }
  }

  @Test(arguments: ["0.0.0.0:8080", "127.0.0.1:8080"])
  func `behind a proxy tokens are asked for, wherever it listens`(address: String) throws {
    let door = try door(address, .plain)
    #expect(door.asksForTokens && !door.isEncrypted && door.isBehindProxy)
  }
}
