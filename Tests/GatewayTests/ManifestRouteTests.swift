import Foundation
import Shared
import TestSupport
import Testing

/// A job's manifest as it is signed, and the key.
@Suite struct ManifestRouteTests {
  @Test func `parts are signed, follow each other, and name files as a fetch does`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a red apple\nb\nc\n", query: "n=2")
      try await gateway.fail(job, reasons: ["The memory is full."])
      try await gateway.finish(job)
      let key = try await gateway.get("keys/manifest").decoded(as: ManifestKey.self)
      let publicKey = try VerifyingKey(text: key.publicKey)
      #expect(try VerifyingKey(text: key.pem) == publicKey)
      #expect(key.algorithm == "Ed25519")
      var (lines, parts): ([ManifestLine], Int) = ([], 0)
      var after: ImageID? = ImageID(0)
      while let start = after, parts < 9 {
        let part = try await gateway.get("jobs/\(job)/manifest?after=\(start)&limit=4").decoded(as: ManifestPart.self)
        let statement = try ManifestStatement(text: part.signed.statement)
        #expect(part.signed.key == key.publicKey)
        #expect(publicKey.hasSigned(part.signed.statement, part.signed.signature))
        #expect(
          statement
            == ManifestStatement(
              job: job, after: start, next: part.next, text: Data(part.lines.utf8), signed: statement.signed))
        #expect(abs(statement.signed.timeIntervalSinceNow) < 600)
        lines += try part.lines.split(separator: "\n").map {
          try JSONCoding.decode(ManifestLine.self, from: Data($0.utf8))
        }
        after = part.next
        parts += 1
      }
      #expect(parts == 2)
      #expect(lines.map(\.state) == [.failed] + Array(repeating: .completed, count: 5))
      #expect(lines[0].file == nil)
      #expect(lines[1].file == "000000-1-a-red-apple.png")
      #expect(lines[5].file == "000002-1-c.png")
      #expect(lines.dropFirst().allSatisfy { $0.safeFile == $0.file })
    }
  }

  @Test func `after the key was replaced both are told, and each signs what it signed`() async throws {
    let folder = try TemporaryFolder()
    var told: ManifestKey?
    try await TestGateway.run(in: folder) { gateway in
      let job = try await gateway.submit("a red apple\n")
      func sign() async throws -> SignedStatement {
        try await gateway.get("jobs/\(job)/manifest").decoded(as: ManifestPart.self).signed
      }
      let before = try await gateway.get("keys/manifest").decoded(as: ManifestKey.self)
      #expect(before.retired.isEmpty)
      let old = try await sign()
      let answer = try await gateway.post("keys/manifest/rotate")
      #expect(answer.status == 200, "\(answer.text)")
      let after = try answer.decoded(as: ManifestKey.self)
      #expect(after.publicKey != before.publicKey)
      #expect(after.retired.map(\.publicKey) == [before.publicKey])
      let new = try await sign()
      #expect((old.key, new.key) == (before.publicKey, after.publicKey))
      for statement in [old, new] {
        #expect(try VerifyingKey(text: statement.key).hasSigned(statement.statement, statement.signature))
      }
      told = try await gateway.get("keys/manifest").decoded(as: ManifestKey.self)
      #expect(told == after)
    }
    try await TestGateway.run(in: folder) { (gateway: TestGateway) async throws -> Void in
      #expect(try await gateway.get("keys/manifest").decoded(as: ManifestKey.self) == told)
    }
  }

  @Test func `the key is the same after a restart`() async throws {
    let folder = try TemporaryFolder()
    var keys: Set<String> = []
    for _ in 0..<2 {
      try await TestGateway.run(in: folder) { gateway in
        keys.insert(try await gateway.get("keys/manifest").decoded(as: ManifestKey.self).publicKey)
      }
    }
    #expect(keys.count == 1)
  }

  @Test func `a manifest of no job is 404`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.get("jobs/job-none/manifest")
      #expect(answer.status == 404)
    }
  }
}
