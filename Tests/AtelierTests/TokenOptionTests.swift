import ArgumentParser
import Foundation
import Shared
import TestSupport
import Testing

@testable import atelier

/// How the command line comes to a token, and shows tokens.
@Suite struct TokenOptionTests {
  @Test(arguments: [("30d", 2_592_000), ("12h", 43_200), ("15m", 900), ("1s", 1)] as [(String, Int)])
  func `a time is a number and a unit`(text: String, seconds: Int) {
    #expect(Lifetime(argument: text)?.seconds == seconds)
  }

  @Test(arguments: ["", "d", "0d", "-1d", "1", "1w", "1.5h", "99999999999999999999d", "9223372036854775807d"])
  func `what is no time is none`(text: String) {
    #expect(Lifetime(argument: text) == nil)
  }

  @Test func `a token is read from a file, without what surrounds it`() throws {
    let folder = try TemporaryFolder()
    let secret = TokenSecret().text
    let file = try folder.write(" \(secret)\n", to: "token")
    let client = try ServerOption.parse(["--server", "http://example.org", "--api-token-file", file]).client()
    #expect(try client.token?.text() == secret)
    let none = try ServerOption.parse(["--server", "http://a", "--api-token-file", folder.path + "/none"])
    let error = #expect(throws: AtelierError.self) { _ = try none.client() }
    #expect(error?.message.hasPrefix("Cannot read the token '\(folder.path)/none'") == true)
  }

  @Test func `what is no token is not sent`() {
    let error = #expect(throws: AtelierError.self) { _ = try TokenSource.given("secret", from: "X").text() }
    #expect(error?.message.contains("'X'") == true)
    #expect(error?.message.contains("secret") == false)
  }

  @Test func `a coordinator's own file is used where there is one, as it is at the time`() throws {
    let folder = try TemporaryFolder()
    let source = TokenSource.local(folder.path + "/local-token")
    #expect(try source.text() == nil)
    let secret = TokenSecret().text
    _ = try folder.write(secret, to: "local-token")
    #expect(try source.text() == secret)
  }

  @Test(
    arguments: [
      ("127.0.0.1", 8080, true), ("localhost", 8080, true), ("[::1]", 8080, true), ("10.0.0.5", 8080, true),
      ("10.0.0.6", 8080, false), ("127.0.0.1", 8081, false), ("example.org", 8080, false), ("127.0.0.1", nil, false),
    ] as [(String, Int?, Bool)])
  func `the token of this machine is shown to this machine alone`(host: String, port: Int?, isShown: Bool) {
    var configuration = ClusterConfiguration()
    configuration.coordinator.http = "10.0.0.5:8080"
    #expect(configuration.isServed(at: host, port) == isShown)
  }

  @Test func `a link is for this machine's browser, and what is shown for elsewhere is not`() {
    let path = "/login?code=c"
    #expect(TokenText.link(path, server: "http://127.0.0.1:8080/") == "http://127.0.0.1:8080/login?code=c")
    let name = ProcessInfo.processInfo.hostName
    #expect(TokenText.link(path, server: "https://0.0.0.0:8080") == "https://\(name):8080/login?code=c")
    let info = TokenInfo(id: "a", name: "bob", scopes: [.read], createdAt: Date(timeIntervalSince1970: 0))
    let lines = TokenText.created(
      CreatedToken(token: "atl_x", info: info, fingerprint: "ab"), server: "https://127.0.0.1:8080")
    #expect(lines[0] == "atl_x")
    #expect(lines[2].contains("ATELIER_SERVER='https://\(name):8080#sha256:ab' ATELIER_API_TOKEN=atl_x"), "\(lines)")
  }

  @Test func `tokens are listed with what became of them`() {
    let now = Date(timeIntervalSince1970: 1000)
    func token(_ id: String, expires: Date? = nil, revoked: Date? = nil) -> TokenInfo {
      TokenInfo(id: id, name: "bob", scopes: [.read, .submit], createdAt: now, expiresAt: expires, revokedAt: revoked)
    }
    let lines = TokenText.table(
      [token("a"), token("b", expires: now), token("c", expires: now + 9, revoked: now)], at: now
    ).split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[1].hasSuffix("never                 valid"), "\(lines[1])")
    #expect(lines[2].hasSuffix("expired") && lines[3].hasSuffix("revoked"))
    #expect(lines[1].contains("bob   read,submit"))
  }
}
