import ArgumentParser
import Shared
import Testing

@testable import atelier

/// By what a client knows its coordinator.
@Suite struct ServerTrustTests {
  private let digest = String(repeating: "a1", count: 32)

  @Test func `a fingerprint stands behind the URL`() throws {
    let url = ServerTrust.url("https://host7:8080", fingerprint: digest)
    #expect(url == "https://host7:8080#sha256:\(digest)")
    let client = try ServerOption.parse(["--server", url]).client()
    #expect(client.base == "https://host7:8080")
    #expect(client.trust == .fingerprints([digest]))
    #expect(try ServerOption.parse(["--server", "https://host7:8080"]).client().trust == .issuer)
    #expect(try ServerTrust(fragment: "SHA256:" + digest.uppercased()) == .fingerprints([digest]))
    let next = String(repeating: "b2", count: 32)
    #expect(try ServerTrust(fragment: "sha256:\(digest),\(next)") == .fingerprints([digest, next]))
  }

  @Test(arguments: ["", "sha256:", "sha256:" + String(repeating: "a", count: 64) + ",", "sha256:a1", "md5:0123", "top"])
  func `what is no fingerprint is not taken for none`(fragment: String) {
    let error = #expect(throws: AtelierError.self) {
      _ = try ServerOption.parse(["--server", "https://host7:8080#\(fragment)"]).client()
    }
    #expect(error?.code == .configuration)
  }

  @Test func `without HTTPS there is nothing to know it by`() async throws {
    #expect(try await ServerTrust.fingerprints([digest]).configuration(for: "http://127.0.0.1:1") == nil)
    #expect(try await ServerTrust.issuer.configuration(for: "https://127.0.0.1:1") == nil)
  }
}
