import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Gateway

/// What one owner asks for costs no other.
@Suite struct OwnerBoundsTests {
  private let start = ContinuousClock.now

  private func refusal(_ body: () throws(DoorRefusal) -> Void) -> DoorRefusal? {
    do throws(DoorRefusal) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  @Test func `so many requests a second, and a few at once after a pause`() {
    let bounds = OwnerBounds(OwnerBounds.Limits(requests: .init(perSecond: 10, burst: 3)))
    for _ in 0..<3 { #expect(refusal { () throws(DoorRefusal) in try bounds.admit("a", at: start) } == nil) }
    let refused = refusal { () throws(DoorRefusal) in try bounds.admit("a", at: start) }
    #expect(refused?.status == .tooManyRequests)
    #expect(refused?.headers[.retryAfter] == "1")
    #expect(refusal { () throws(DoorRefusal) in try bounds.admit("b", at: start) } == nil)
    let later = start + .milliseconds(100)
    #expect(refusal { () throws(DoorRefusal) in try bounds.admit("a", at: later) } == nil)
    #expect(refusal { () throws(DoorRefusal) in try bounds.admit("a", at: later) } != nil)
    // However long the pause was.
    let muchLater = start + .seconds(1000)
    for _ in 0..<3 { #expect(refusal { () throws(DoorRefusal) in try bounds.admit("a", at: muchLater) } == nil) }
    #expect(refusal { () throws(DoorRefusal) in try bounds.admit("a", at: muchLater) } != nil)
  }

  @Test func `so many uploads and bytes under way`() {
    let bounds = OwnerBounds(OwnerBounds.Limits(uploads: 2, bytes: 100))
    #expect(refusal { () throws(DoorRefusal) in try bounds.begin("a", bytes: 60, at: start) } == nil)
    let tooBig = refusal { () throws(DoorRefusal) in try bounds.begin("a", bytes: 60, at: start) }
    #expect(tooBig?.message.contains("of uploads under way") == true)
    #expect(refusal { () throws(DoorRefusal) in try bounds.begin("a", bytes: 40, at: start) } == nil)
    #expect(refusal { () throws(DoorRefusal) in try bounds.begin("a", bytes: 0, at: start) } != nil)
    #expect(refusal { () throws(DoorRefusal) in try bounds.begin("b", bytes: 60, at: start) } == nil)
    bounds.end("a", bytes: 60)
    #expect(refusal { () throws(DoorRefusal) in try bounds.begin("a", bytes: 50, at: start) } == nil)
  }

  @Test(.timeLimit(.minutes(2))) func `unfinished uploads cost their own owner`() async throws {
    let limits = OwnerBounds.Limits(uploads: 4)
    try await TestGateway.guarded(open: { $0.ownerBounds = OwnerBounds(limits) }) { gateway in
      let alice = try await gateway.token("alice", [.submit, .read]).token
      let bob = try await gateway.token("bob", [.submit, .read]).token
      try await gateway.serve { port in
        var half: [RawClient] = []
        let digest = String(repeating: "a", count: 64)
        for _ in 0..<24 {
          let client = try RawClient(port: port)
          client.send(
            "PUT /api/v1/sources/\(digest) HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \(alice)\r\n"
              + "Content-Length: 1000\r\n\r\nhalf")
          half.append(client)
        }
        let headers = ["Host: 127.0.0.1", "Authorization: Bearer "]
        // What is under way is counted when it is read.
        #expect(
          try await eventually {
            let answer = try await RawClient.ask(
              "POST /api/v1/jobs", [headers[0], headers[1] + alice], "a\n", port: port)
            return answer.hasPrefix("HTTP/1.1 429 ") && answer.contains("Retry-After: ")
          })
        let answer = try await RawClient.ask("POST /api/v1/jobs", [headers[0], headers[1] + bob], "a\n", port: port)
        #expect(answer.hasPrefix("HTTP/1.1 201 "), "\(answer)")
        // Who asks for nothing large is served meanwhile.
        let list = try await RawClient.ask("GET /api/v1/jobs", [headers[0], headers[1] + alice], port: port)
        #expect(list.hasPrefix("HTTP/1.1 200 "), "\(list)")
        half = []
        #expect(
          try await eventually {
            try await RawClient.ask("POST /api/v1/jobs", [headers[0], headers[1] + alice], "a\n", port: port)
              .hasPrefix("HTTP/1.1 201 ")
          })
      }
    }
  }

  @Test func `who needs no token is not counted`() async throws {
    let limits = OwnerBounds.Limits(requests: .init(perSecond: 1, burst: 1), uploads: 0)
    try await TestGateway.run(open: { $0.ownerBounds = OwnerBounds(limits) }) { gateway in
      for _ in 0..<3 { _ = try await gateway.submit() }
    }
  }
}
