import Shared
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
      "cat.png", String(repeating: "a", count: 63), String(repeating: "a", count: 65), String(repeating: "A", count: 64),
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
}
