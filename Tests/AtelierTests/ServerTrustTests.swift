import ArgumentParser
import Foundation
import NIOSSL
import Shared
import TestSupport
import Testing

@testable import atelier

/// By what a client knows its coordinator.
@Suite struct ServerTrustTests {
  private let digest = String(repeating: "a1", count: 32)
  /// Made with openssl, for a hundred years.
  private static let authority = """
    -----BEGIN CERTIFICATE-----
    MIIBfzCCASWgAwIBAgIUJqs1KDcChQxsKOYlNpzspIMYOhMwCgYIKoZIzj0EAwIw
    FDESMBAGA1UEAwwJYXV0aG9yaXR5MCAXDTI2MTEyNzA5MzM0N1oYDzIxMjYxMTAz
    MDkzMzQ3WjAUMRIwEAYDVQQDDAlhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjO
    PQMBBwNCAART4IezdDPwqzJ+Tnl49Sctm5bG0+fyQzjigYI2uX22l//lk3spbqGU
    NZ/SvzEUZzZo66qWpuX9zk4sCoySfWDWo1MwUTAdBgNVHQ4EFgQURwlTBR4+J0/Y
    T/c+nBdpIDOb85owHwYDVR0jBBgwFoAURwlTBR4+J0/YT/c+nBdpIDOb85owDwYD
    VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAiD9WiQ0aMdIdRRjf7Crj
    ulb0nadwzN/Tpm2gcFzlNVICIDZVzgsx0yY/0CJ5IqQMvFtViMw1/G2my/SczBik
    0jEx
    -----END CERTIFICATE-----

    """

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
    #expect(try await ServerTrust.issuer.configuration(for: "https://127.0.0.1:1", [:]) == nil)
  }

  @Test func `an authority of one's own is named as OpenSSL has it`() async throws {
    let folder = try TemporaryFolder()
    let file = folder.path + "/authority.pem"
    let environment = ["SSL_CERT_FILE": file]
    try Self.authority.write(toFile: file, atomically: true, encoding: .utf8)
    let configuration = try await ServerTrust.issuer.configuration(for: "https://127.0.0.1:1", environment)
    let trusted = try NIOSSLCertificate.fromPEMBytes(Array(Self.authority.utf8))
    #expect(configuration?.trustRoots == .certificates(trusted))
    #expect(configuration?.certificateVerification == .fullVerification)
    try "no certificate".write(toFile: file, atomically: true, encoding: .utf8)
    let error = await #expect(throws: AtelierError.self) {
      _ = try await ServerTrust.issuer.configuration(for: "https://127.0.0.1:1", environment)
    }
    #expect(error?.code == .configuration)
    #expect(error?.message.contains("SSL_CERT_FILE") == true)
  }

  @Test func `a certificate that is not believed is said to be that, with what to do`() {
    struct Ended: Error, CustomStringConvertible {
      let description: String
    }
    let unbelieved = Ended(description: "handshakeFailed(error:1000007d:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED)")
    let refusal = ServerTrust.issuer.refusal(unbelieved, of: "https://host7:8080")
    #expect(refusal?.code == .denied)
    #expect(refusal?.message.contains("atelier token create") == true)
    #expect(refusal?.message.contains("SSL_CERT_FILE") == true)
    let pinned = ServerTrust.fingerprints([digest]).refusal(unbelieved, of: "https://host7:8080")
    #expect(pinned?.message.contains("fingerprint alone is not enough") == true)
    #expect(ServerTrust.issuer.refusal(Ended(description: "connectTimeout"), of: "https://host7:8080") == nil)
  }
}
