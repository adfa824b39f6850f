import Coordinator
import Crypto
import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Gateway

/// What an owner may have, and that the refusal names the limit.
@Suite struct QuotaTests {
  private func jobs(_ gateway: TestGateway) async throws -> Int {
    try await gateway.coordinator.jobs(limit: 100).count
  }

  @Test(arguments: [true, false])
  func `more pictures in hand than an owner may have are refused, and leave nothing`(hasKey: Bool) async throws {
    try await TestGateway.guarded(configure: { $0.limits.picturesInHand = 5 }) { gateway in
      let alice = try await gateway.token("alice", [.read, .submit]).token
      func submit(_ query: String, as token: String, _ key: String) async throws -> Answer {
        let name = try #require(HTTPFields.Key(IdempotencyKey.headerName))
        return try await gateway.send(
          .post, "jobs?\(query)", as: token, "a\nb\n", headers: hasKey ? [name: "\"\(key)\""] : [:])
      }
      let first = try await submit("n=2", as: alice, "1")
      #expect(first.status == 201)
      let refused = try await submit("n=1", as: alice, "2")
      #expect(refused.status == 403)
      #expect(
        try refused.refusal.message.hasPrefix(
          "'alice' would have 6 pictures in hand with this, and may have 5 ('limits.pictures_in_hand')."))
      #expect(try await jobs(gateway) == 1)
      // Another owner's are their own, and what has ended does not count.
      let bob = try await gateway.token("bob", [.submit]).token
      #expect(try await submit("n=2", as: bob, "3").status == 201)
      let job = try first.decoded(as: Submitted.self).job
      #expect(try await gateway.send(.post, "jobs/\(job)/cancel", as: alice).status == 200)
      #expect(try await submit("n=1", as: alice, "4").status == 201)
    }
  }

  @Test func `a file of more items than an owner may have is not received to its end`() async throws {
    try await TestGateway.guarded(configure: { $0.limits.queuedItems = 3 }) { gateway in
      let alice = try await gateway.token("alice", [.submit]).token
      let answer = try await gateway.send(.post, "jobs", as: alice, String(repeating: "a\n", count: 10))
      #expect(answer.status == 403)
      #expect(
        try answer.refusal.message.contains("4 queued items with this, and may have 3 ('limits.queued_items')"),
        "\(answer.text)")
      #expect(try await jobs(gateway) == 0)
      #expect(try await gateway.send(.post, "jobs", as: alice, "a\nb\nc\n").status == 201)
    }
  }

  @Test func `more bytes of files than an owner may have are refused`() async throws {
    try await TestGateway.guarded(configure: { $0.limits.sourceBytes = 2 << 20 }) { gateway in
      let alice = try await gateway.token("alice", [.submit]).token
      let bob = try await gateway.token("bob", [.submit]).token
      func upload(_ byte: UInt8, as token: String) async throws -> Answer {
        let bytes = [UInt8](repeating: byte, count: 1 << 20)
        return try await gateway.send(
          .put, "/api/v1/sources/\(hexadecimal(SHA256.hash(data: bytes)))", bytes,
          headers: [.authorization: "Bearer \(token)"])
      }
      for byte: UInt8 in [1, 2, 2] { #expect(try await upload(byte, as: alice).status == 201) }
      let refused = try await upload(3, as: alice)
      #expect(refused.status == 403)
      #expect(try refused.refusal.message.contains("3 megabytes of files with this, and may have 2"), "\(refused.text)")
      #expect(try await upload(3, as: bob).status == 201)
    }
  }

  @Test func `without limits nobody is refused`() async throws {
    try await TestGateway.guarded { gateway in
      let alice = try await gateway.token("alice", [.submit]).token
      #expect(try await gateway.send(.post, "jobs?n=50", as: alice, String(repeating: "a\n", count: 50)).status == 201)
    }
  }
}
