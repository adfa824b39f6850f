import Foundation
import Shared
import TestSupport
import Testing

/// What is signed of a manifest, to the byte: others check it with programs of their own.
@Suite struct ManifestStatementTests {
  private static let text = """
    atelier manifest 1
    job job-4k2m9qa7cx
    images after 0 up to end
    lines 2
    sha256 c3f9c8c283a2b1f2f1896f27a01cbe3cddc0c9d93f752e4639035a0f5b36f6e8
    signed 1970-01-01T00:16:40Z

    """
  private static let publicKey = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
  private static let pem = """
    -----BEGIN PUBLIC KEY-----
    MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=
    -----END PUBLIC KEY-----

    """
  /// Of the text, by the Python library `cryptography`, with the key 0, 1, 2 up to 31.
  private static let signature =
    "S+yZMoz9NhPfSsV8UFN8x153c5hM92ntAuMQ8ldYzz0EHkQWAUTNaQMiaFLshLDCLyRIoX3BOW/MMERhkL7qDA=="

  private func statement(next: ImageID? = nil) -> ManifestStatement {
    ManifestStatement(
      job: JobID("job-4k2m9qa7cx"), after: ImageID(0), next: next, text: Data("one\ntwo\n".utf8),
      signed: Date(timeIntervalSince1970: 1000.75))
  }

  @Test func `a statement is these bytes, and is read from them alone`() throws {
    #expect(statement().text == Self.text)
    #expect(try ManifestStatement(text: Self.text) == statement())
    let first = statement(next: ImageID(500))
    #expect(first.text.contains("images after 0 up to 500\n"))
    #expect(try ManifestStatement(text: first.text) == first)
    for broken in [
      "", "atelier", String(Self.text.dropLast()), Self.text + "\n", Self.text.replacing("lines 2", with: "lines 02"),
      Self.text.replacing("manifest 1", with: "manifest 2"), Self.text.replacing("to end", with: "to nowhere"),
      Self.text.replacing("job job", with: "job  job"),
    ] {
      #expect(throws: AtelierError.self, "\(broken)") { _ = try ManifestStatement(text: broken) }
    }
  }

  @Test func `signatures of another program are taken, and keys are those of others`() throws {
    let key = try SigningKey(text: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
    #expect(key.publicKey.text == Self.publicKey)
    #expect(key.publicKey.pem == Self.pem)
    #expect(try VerifyingKey(text: Self.publicKey + "\n") == key.publicKey)
    #expect(try VerifyingKey(text: Self.pem) == key.publicKey)
    let signature = try #require(Data(base64Encoded: Self.signature))
    #expect(key.publicKey.hasSigned(Self.text, signature))
    #expect(key.publicKey.hasSigned(Self.text, try key.signature(of: Self.text)))
    #expect(!key.publicKey.hasSigned(Self.text.replacing("lines 2", with: "lines 3"), signature))
    #expect(!SigningKey().publicKey.hasSigned(Self.text, signature))
    #expect(!key.publicKey.hasSigned(Self.text, Data()))
  }

  @Test(arguments: ["", "key", "AAEC", publicKey + "AAAA"])
  func `what is no key is refused`(text: String) {
    let error = #expect(throws: AtelierError.self) { _ = try VerifyingKey(text: text) }
    #expect(error?.message.contains("'atelier keys show' prints one") == true)
    #expect(throws: AtelierError.self) { _ = try SigningKey(text: text) }
  }
}
