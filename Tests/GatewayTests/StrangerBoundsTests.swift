import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Gateway

/// What comes without a token that counts is bounded by its address.
@Suite struct StrangerBoundsTests {
  private let start = ContinuousClock.now

  private func isRefused(_ bounds: StrangerBounds, _ address: String, after time: Duration = .zero) -> Bool {
    do throws(DoorRefusal) {
      try bounds.admit(address, at: start + time)
      return false
    } catch {
      return error.status == .tooManyRequests && error.headers[.retryAfter] != nil
    }
  }

  @Test func `an address has so many requests a second, and no other pays for them`() {
    let bounds = StrangerBounds(.init(perSecond: 2, burst: 3))
    #expect((0..<4).map { _ in isRefused(bounds, "10.0.0.1") } == [false, false, false, true])
    #expect(!isRefused(bounds, "10.0.0.2"))
    #expect(!isRefused(bounds, "10.0.0.1", after: .milliseconds(500)))
    #expect(isRefused(bounds, "10.0.0.1", after: .milliseconds(500)))
  }

  @Test func `the addresses of one network of IPv6 are one, and IPv4 is itself in either form`() {
    let bounds = StrangerBounds(.init(perSecond: 1, burst: 1))
    #expect(!isRefused(bounds, "2001:db8::1"))
    #expect(isRefused(bounds, "2001:db8::ffff:2"))
    #expect(!isRefused(bounds, "2001:db8:0:1::1"))
    #expect(!isRefused(bounds, "::ffff:10.0.0.1"))
    #expect(isRefused(bounds, "::ffff:a00:1"))
    #expect(!isRefused(bounds, "::ffff:10.0.0.2"))
  }

  @Test func `few addresses are remembered, and those beyond share what one has`() {
    let bounds = StrangerBounds(.init(perSecond: 0.1, burst: 2), most: 3)
    for number in 0..<3 { #expect(!isRefused(bounds, "10.0.0.\(number)")) }
    #expect((3..<6).map { isRefused(bounds, "10.0.0.\($0)", after: .seconds(1)) } == [false, false, true])
    #expect(bounds.remembered == 4)
    // Who has not come for long is as one who was never there.
    #expect(!isRefused(bounds, "10.0.0.9", after: .seconds(100)))
    #expect(bounds.remembered == 1)
  }

  @Test(.timeLimit(.minutes(2))) func `wrong tokens are refused ever more shortly, and a right one beside them is not`()
    async throws
  {
    let rate = RequestCredit.Rate(perSecond: 0.001, burst: 3)
    try await TestGateway.guarded(open: { $0.strangers = StrangerBounds(rate) }) { gateway in
      let alice = try await gateway.token("alice", [.read]).token
      try await gateway.serve { port in
        func ask(_ path: String, _ headers: [String] = [], from address: String) async throws -> String {
          let answer = try await RawClient.ask(
            "GET " + path, ["Host: 127.0.0.1"] + headers, port: port, from: address)
          return String(answer.dropFirst("HTTP/1.1 ".count).prefix(3))
        }
        let wrong = ["Authorization: Bearer atl_0123456789_" + String(repeating: "0", count: 64)]
        let right = ["Authorization: Bearer " + alice]
        var told: [String] = []
        for headers in [wrong, [], wrong, wrong, []] {
          told.append(try await ask("/api/v1/jobs", headers, from: "127.0.0.7"))
        }
        // Nor is what is open to all, and what there is not.
        for path in ["/health", "/", "/nowhere"] { told.append(try await ask(path, from: "127.0.0.7")) }
        #expect(told == ["401", "401", "401", "429", "429", "429", "429", "429"])
        #expect(try await ask("/api/v1/jobs", right, from: "127.0.0.7") == "200")
        #expect(try await ask("/api/v1/jobs", wrong, from: "127.0.0.8") == "401")
        // Behind a proxy it is for whom that asks.
        let forwarded = ["X-Forwarded-For: 10.0.0.1, 10.0.0.9"]
        #expect(try await ask("/health", forwarded, from: "127.0.0.7") == "200")
      }
    }
  }

  @Test func `where nobody is asked for a token, nothing is counted`() async throws {
    try await TestGateway.run(open: { $0.strangers = StrangerBounds(.init(perSecond: 0.001, burst: 0)) }) {
      (gateway: TestGateway) async throws -> Void in
      for _ in 0..<3 { #expect(try await gateway.get("jobs").status == 200) }
      #expect(try await gateway.page("/health").status == 200)
    }
  }
}
