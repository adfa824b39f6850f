import Foundation
import Shared
import Testing

/// Tokens and scopes by themselves, and the settings of what protects HTTP.
@Suite struct AccessTests {
  @Test func `a token is what it says, and no two are the same`() throws {
    let (one, other) = (TokenSecret(), TokenSecret())
    #expect(one != other)
    #expect(one.text.utf8.count == 4 + 10 + 1 + 64)
    let read = try #require(TokenSecret(one.text))
    #expect(read == one)
    #expect(TokenSecret.matches(read.digest, one.digest))
    #expect(!TokenSecret.matches(other.digest, one.digest))
    #expect(!TokenSecret.matches(Array(one.digest.dropLast()), one.digest))
    #expect(!one.text.contains(hexadecimal(one.digest)))
  }

  @Test func `one character more, less or other is no token or another`() throws {
    let text = TokenSecret().text
    for wrong in [String(text.dropLast()), text + "0", "x" + text.dropFirst(), text.replacing("_", with: "-")] {
      #expect(TokenSecret(wrong) == nil, "\(wrong)")
    }
    #expect(TokenSecret(String(text.dropLast()) + "+") == nil)
    let last = try #require(text.last)
    let other = try #require(TokenSecret(text.dropLast() + (last == "0" ? "1" : "0")))
    #expect(other.digest != TokenSecret(text)?.digest)
  }

  @Test func `scopes are read as they are written`() throws {
    #expect(try AccessScope.list("read:all,submit") == [.submit, .readAll])
    #expect(AccessScope.text([.submit, .readAll]) == "read:all,submit")
    for wrong in ["", "read,", "Read", "read submit"] {
      #expect(throws: AtelierError.self) { _ = try AccessScope.list(wrong) }
    }
    #expect(Requester(owner: "a", scopes: [.readAll]).has(.read))
    #expect(!Requester(owner: "a", scopes: [.admin]).has(.read))
  }

  @Test(arguments: ["", "a b", "a:b", "../a", "local", "ä", String(repeating: "a", count: 61)])
  func `a name of a token fits everywhere that it stands`(name: String) {
    let error = #expect(throws: AtelierError.self) { try TokenRequest(name: name, scopes: [.read]).validate() }
    #expect(error?.code == .invalidInput)
  }

  @Test(
    arguments: [
      ("localhost", true), ("127.0.0.1", true), ("127.1.2.3", true), ("::1", true), ("[::1]", true), ("0.0.0.0", false),
      ("::", false), ("127.0.0.1.evil.example", false), ("127.0.0.256", false), ("10.0.0.1", false), ("", false),
    ] as [(String, Bool)])
  func `loopback is what only the machine itself reaches`(host: String, isLoopback: Bool) {
    #expect(Loopback.contains(host) == isLoopback)
  }

  private func settings(_ yaml: String) throws -> ClusterConfiguration {
    try ClusterConfiguration(yaml: yaml, name: "cluster.yaml", folder: "/srv")
  }

  @Test func `what protects HTTP and what owners may have is set`() throws {
    let read = try settings(
      """
      security:
        http: tls
        hosts: [atelier.example.org, other:8443]
        tls:
          certificate: chain.pem
          key: /keys/key.pem
      limits:
        pictures_in_hand: 100
        queued_items: 0
        source_megabytes: 2
      """)
    #expect(read.security.http == .tls)
    #expect(read.security.hosts == ["atelier.example.org", "other:8443"])
    #expect(read.security.certificate == "/srv/chain.pem")
    #expect(read.security.key == "/keys/key.pem")
    #expect(read.limits.picturesInHand == 100)
    #expect(read.limits.queuedItems == nil)
    #expect(read.limits.sourceBytes == 2 << 20)
  }

  @Test(arguments: [
    ("security:\n  http: none\n", "line 2: 'security.http': 'none' is not tls or plain"),
    ("security:\n  hosts: a\n", "line 2: 'security.hosts': a list of texts is expected"),
    ("security:\n  http: tls\n  tls:\n    key: k\n", "'certificate' and 'key' belong together"),
    ("security:\n  tls:\n    key: k\n    certificate: c\n", "it is for 'http: tls'"),
    ("security:\n  https: tls\n", "'security.https': there is no such setting"),
    ("limits:\n  pictures: 1\n", "'limits.pictures': there is no such setting"),
  ])
  func `a wrong setting of them is named`(yaml: String, expected: String) {
    let error = #expect(throws: AtelierError.self) { _ = try settings(yaml) }
    #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
  }
}
