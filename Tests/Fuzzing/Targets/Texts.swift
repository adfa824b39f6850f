import Foundation

@testable import Gateway
@testable import Shared

/// Short texts that people, browsers and other programs give: what is taken is written, and taken again as the same.
func fuzzTexts(_ bytes: [UInt8]) throws {
  var bytes = bytes
  let choice = bytes.choice()
  let text = String(decoding: bytes, as: UTF8.self)
  switch choice % 12 {
  case 0:
    let key = try IdempotencyKey(header: text)
    let again = must("a key is taken again") { try IdempotencyKey(header: key.header) }
    expect(again == key, "a key is the same in a header")
  case 1:
    let statement = try ManifestStatement(text: text)
    expect(statement.text == text, "a statement is its text")
  case 2:
    let token = try WorkerToken(text)
    let again = must("a worker's token is taken again") { try WorkerToken(token.text) }
    expect(again.text == token.text && again.address == token.address, "a worker's token is its text")
  case 3:
    guard let secret = TokenSecret(text) else { return }
    expect(TokenSecret(secret.text)?.digest == secret.digest, "a token is its text")
  case 4:
    let size = try PictureSize(parsing: text)
    let again = must("a size is taken again") { try PictureSize(parsing: size.description) }
    expect(again == size, "a size is its text")
  case 5:
    let scopes = try AccessScope.list(text)
    let again = must("scopes are taken again") { try AccessScope.list(AccessScope.text(scopes)) }
    expect(again == scopes, "scopes are their text")
  case 6:
    let address = try HTTPAddress.parse(text)
    expect((0...65535).contains(address.port), "a port is one")
  case 7:
    _ = ZeroMQAddress.isLocal(text)
    _ = ZeroMQAddress.reachable(text)
  case 8:
    let words = text.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard words.count == 3 else { return }
    let hosts = AllowedHosts(listeningOn: words[0], [words[1]])
    _ = hosts.allows(words[2])
    if hosts.isOwn(origin: words[1], host: words[2]) {
      expect(AllowedHosts.Authority(words[2]) != nil, "who is asked is a host")
    }
  case 9:
    let pairs = text.split(separator: "&").map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      return (parts[0], parts.count > 1 ? parts[1] : "")
    }
    let (options, format) = try SubmissionQuery.decode(pairs)
    try options.validate()
    let again = must("a query is taken again") {
      try SubmissionQuery.decode(SubmissionQuery.encode(options, format: format))
    }
    expect(again == (options, format), "options are the same in a query: \(options)")
  case 10:
    let request = try JSONCoding.decode(TokenRequest.self, from: Data(bytes))
    try request.validate()
    expect((1...60).contains(request.name.utf8.count), "a token has a name")
  default:
    let line = try JSONCoding.decode(ManifestLine.self, from: Data(bytes))
    let again = must("a manifest's line is read again") {
      try JSONCoding.decode(ManifestLine.self, from: JSONCoding.encode(line))
    }
    expect(again.fileName(ofSeveral: true) == line.fileName(ofSeveral: true), "a manifest's line is its text")
    expect(!line.fileName(ofSeveral: true).contains("/"), "a file lies in its folder")
  }
}
