import Foundation
import Shared
import TestSupport
import Testing

/// Files that requests name.
@Suite struct SourceRouteTests {
  private static let bytes = Array("a picture".utf8)
  static let digest = hexadecimal(
    Artifact(kind: .source, type: .uint8, shape: [bytes.count], bytes: bytes).sha256)

  @Test func `a file is there once it was brought, and may be brought again`() async throws {
    try await TestGateway.run { gateway in
      let path = "sources/\(Self.digest)"
      #expect(try await gateway.head(path).status == 404)
      for _ in 0..<2 {
        let answer = try await gateway.put(path, Self.bytes)
        #expect(answer.status == 201)
        #expect(answer.bytes.isEmpty)
        let there = try await gateway.head(path)
        #expect(there.status == 204)
        #expect(there.bytes.isEmpty)
      }
    }
  }

  @Test func `a line can name a file that was brought`() async throws {
    var model = TestGateway.model
    model.readsPictures = true
    try await TestGateway.run(models: [model]) { gateway in
      #expect(try await gateway.put("sources/\(Self.digest)", Self.bytes).status == 201)
      let job = try await gateway.submit(
        "{\"kind\": \"vary\", \"image\": \"sha256:\(Self.digest)#cat.png\", \"n\": 2}\n", query: "format=jsonl")
      let lines = try await gateway.get("jobs/\(job)/images").decoded(as: ManifestPage.self).lines
      #expect(lines.map(\.title) == ["vary cat", "vary cat"])
      #expect(lines.first?.operation?.sources.first?.digest == Self.digest)
    }
  }

  @Test func `bytes of another digest are 400 and not kept`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.put("sources/\(Self.digest)", Self.bytes + [0])
      #expect(answer.status == 400)
      #expect(try answer.refusal.code == "invalid_input")
      #expect(
        try answer.refusal.message
          == "The file does not have the SHA-256 \(Self.digest); it was damaged on the way.")
      #expect(try await gateway.head("sources/\(Self.digest)").status == 404)
    }
  }

  @Test(
    arguments: [
      "cat.png", String(repeating: "a", count: 63), String(repeating: "a", count: 65),
      String(repeating: "A", count: 64),
      String(repeating: "g", count: 64),
    ])
  func `what is no digest is 400`(name: String) async throws {
    try await TestGateway.run { gateway in
      #expect(try await gateway.head("sources/\(name)").status == 400)
      let answer = try await gateway.put("sources/\(name)", [1])
      #expect(answer.status == 400)
      #expect(try answer.refusal.message == "'\(name)' is no SHA-256: 64 hexadecimal digits in lower case.")
    }
  }

  // A client reads no body behind the head of such an answer: it would take it for the beginning of the next.
  @Test(arguments: ["sources/no-digest", "sources/\(digest)", "nowhere"])
  func `an answer to HEAD has no body, also where it refuses`(path: String) async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.head(path)
      #expect(answer.status >= 400)
      #expect(answer.bytes.isEmpty, "\(answer.text)")
    }
  }

  @Test func `a file that is too large is 413`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.put(
        "sources/\(Self.digest)", [UInt8](repeating: 0, count: SourceFile.largest + 1))
      #expect(answer.status == 413)
      #expect(try answer.refusal.code == "http")
      #expect(try await gateway.head("sources/\(Self.digest)").status == 404)
    }
  }

  @Test func `an empty file is a file`() async throws {
    let digest = hexadecimal(Artifact(kind: .source, type: .uint8, shape: [0], bytes: []).sha256)
    try await TestGateway.run { (gateway: TestGateway) async throws -> Void in
      #expect(try await gateway.put("sources/\(digest)", []).status == 201)
      #expect(try await gateway.head("sources/\(digest)").status == 204)
    }
  }

  private static let reader = {
    var model = TestGateway.model
    model.readsPictures = true
    return model
  }()

  /// Brings a file; returns how a line names it.
  private func bring(_ text: String, to gateway: TestGateway) async throws -> String {
    let bytes = Array(text.utf8)
    let digest = hexadecimal(Artifact(kind: .source, type: .uint8, shape: [bytes.count], bytes: bytes).sha256)
    #expect(try await gateway.put("sources/\(digest)", bytes).status == 201)
    return "sha256:\(digest)#\(text.prefix(3)).png"
  }

  @Test func `what is no picture, and a mask that does not fit, are refused by name when they are submitted`()
    async throws
  {
    try await TestGateway.run(models: [Self.reader]) { gateway in
      let (picture, mask) = (
        try await bring("a picture 1", to: gateway), try await bring("a picture, mask 1", to: gateway)
      )
      let (narrow, text) = (try await bring("a picture, mask 2", to: gateway), try await bring("words", to: gateway))
      func answer(_ line: String) async throws -> Answer { try await gateway.post("jobs?format=jsonl", line + "\n") }
      for (line, words) in [
        (#"{"kind": "vary", "image": "\#(text)"}"#, "It names 'wor.png', which cannot be used. It is no picture."),
        (#"{"kind": "edit", "prompt": "a", "image": "\#(picture)", "mask": "\#(text)"}"#, "It names 'wor.png', which"),
        (#"{"kind": "edit", "prompt": "a", "image": "\#(picture)", "mask": "\#(narrow)"}"#, "The mask does not fit."),
      ] {
        let refused = try await answer(line)
        #expect(refused.status == 400)
        #expect(try refused.refusal.message.contains("line 1: "))
        #expect(try refused.refusal.message.contains(words), "\(refused.text)")
      }
      let line = #"{"kind": "edit", "prompt": "a", "image": "\#(picture)", "mask": "\#(mask)"}"#
      #expect(try await answer(line).status == 201)
    }
  }

  @Test func `what is no embedding is refused by its line and name when it is submitted`() async throws {
    try await TestGateway.run { gateway in
      let (sound, words) = (
        try await bring("an embedding", to: gateway), try await bring("words", to: gateway)
      )
      let refused = try await gateway.post(
        "jobs?format=jsonl", "{\"embedding\": \"\(sound)\"}\n{\"embedding\": \"\(words)\"}\n")
      #expect(refused.status == 400)
      let message = try refused.refusal.message
      #expect(message.contains("line 2: Cannot use 'wor.png': it is no embedding."), "\(message)")
      #expect(!message.contains("line 1: "))
      #expect(try await gateway.post("jobs?format=jsonl", "{\"embedding\": \"\(sound)\"}\n").status == 201)
    }
  }

  @Test func `a request whose files are too much together is refused with the limit`() async throws {
    try await TestGateway.run(models: [Self.reader]) { gateway in
      // Sparse files, which nobody reads: they are refused before that.
      var names: [String] = []
      for index in 0..<5 {
        let name = try await bring("a picture \(index)", to: gateway)
        let digest = try #require(SourceFile(name).digest)
        let path = "\(gateway.folder.path)/data/sources/\(digest.prefix(2))/\(digest)"
        #expect(truncate(path, SourceFile.largest) == 0)
        names.append("\"\(name)\"")
      }
      let line = #"{"kind": "score", "images": [\#(names.joined(separator: ", "))], "texts": ["a"]}"#
      let refused = try await gateway.post("jobs?format=jsonl", line + "\n")
      #expect(refused.status == 400)
      #expect(
        try refused.refusal.message.contains("at most \(PictureOperation.mostSourceBytes) are taken of one request"))
    }
  }

  @Test func `a file that cannot be looked at is the coordinator's trouble, not the client's`() async throws {
    try await TestGateway.run(models: [Self.reader]) { gateway in
      let name = try await bring("a picture 1", to: gateway)
      let digest = try #require(SourceFile(name).digest)
      let path = "\(gateway.folder.path)/data/sources/\(digest.prefix(2))/\(digest)"
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
      #expect(try await gateway.head("sources/\(digest)").status == 500)
      let line = #"{"kind": "vary", "image": "\#(name)"}"#
      #expect(try await gateway.post("jobs?format=jsonl&skip_bad=true", line + "\n").status == 500)
      #expect(try await gateway.get("jobs").text == "[]")
    }
  }
}
