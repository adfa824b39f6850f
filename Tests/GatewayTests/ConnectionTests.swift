import Foundation
import NIOCore
import Shared
import Synchronization
import TestSupport
import Testing

@testable import Gateway

/// What a connection may cost that sends nothing, or slowly.
@Suite struct ConnectionTests {
  /// Counts the connections that had to give way.
  private final class Closed: Sendable {
    let numbers = Mutex<[Int]>([])
    func note(_ number: Int) { numbers.withLock { $0.append(number) } }
    var all: [Int] { numbers.withLock { $0 } }
  }

  @Test func `where an address has no room, its oldest connection without a request gives way`() throws {
    let connections = Connections(Connections.Limits(all: 10, perAddress: 2))
    let closed = Closed()
    let first = try #require(connections.enter(from: "a") { closed.note(1) })
    _ = try #require(connections.enter(from: "a") { closed.note(2) })
    #expect(connections.hasAsked(first, from: "a"))
    _ = try #require(connections.enter(from: "a") { closed.note(3) })
    #expect(closed.all == [2])
    _ = try #require(connections.enter(from: "b") { closed.note(4) })
    #expect(closed.all == [2])
    #expect(connections.count == 3)
  }

  @Test func `connections that have asked do not give way, and the next is not taken`() throws {
    let connections = Connections(Connections.Limits(all: 2, perAddress: 2))
    let first = try #require(connections.enter(from: "a") {})
    let second = try #require(connections.enter(from: "b") {})
    #expect(connections.hasAsked(first, from: "a") && connections.hasAsked(second, from: "b"))
    #expect(connections.enter(from: "c") {} == nil)
    connections.leave(first, from: "a", hasAsked: true)
    #expect(connections.enter(from: "c") {} != nil)
  }

  @Test func `who had to give way has left once, whatever comes after`() throws {
    let connections = Connections(Connections.Limits(all: 10, perAddress: 1))
    let first = try #require(connections.enter(from: "a") {})
    let second = try #require(connections.enter(from: "a") {})
    #expect(!connections.hasAsked(first, from: "a"))
    connections.leave(first, from: "a", hasAsked: false)
    #expect(connections.count == 1)
    connections.leave(second, from: "a", hasAsked: false)
    #expect(connections.count == 0)
  }

  @Test(.timeLimit(.minutes(2))) func `headers that come slowly are cut`() async throws {
    var limits = Connections.Limits()
    limits.firstHead = .milliseconds(200)
    try await TestGateway.run(open: { $0.connections = Connections(limits) }) { gateway in
      try await gateway.serve { port in
        let slow = try RawClient(port: port)
        slow.send("GET /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        // It ends by itself, without an answer; and so does a connection that says nothing at all.
        #expect(await slow.readToEnd() == "")
        #expect(await (try RawClient(port: port)).readToEnd() == "")
        #expect(try await eventually { gateway.door.connections.count == 0 })
      }
    }
  }

  @Test(.timeLimit(.minutes(2))) func `a connection that is silent after its answer, or in a body, is cut`()
    async throws
  {
    var limits = Connections.Limits()
    limits.idle = .milliseconds(200)
    try await TestGateway.run(open: { $0.connections = Connections(limits) }) { gateway in
      try await gateway.serve { port in
        let idle = try RawClient(port: port)
        idle.send("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        #expect(await idle.readToEnd().hasPrefix("HTTP/1.1 200 "))
        let half = try RawClient(port: port)
        half.send("POST /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\na prompt\n")
        #expect(!(await half.readToEnd().contains("HTTP/1.1 201")))
        #expect(try await gateway.get("jobs").decoded(as: [JobStatus].self).isEmpty)
      }
    }
  }

  @Test(.timeLimit(.minutes(2))) func `who asks and takes no answer is cut`() async throws {
    var limits = Connections.Limits()
    limits.stalled = .milliseconds(200)
    try await TestGateway.run(open: { $0.connections = Connections(limits) }) { gateway in
      try await gateway.serve { port in
        let deaf = try RawClient(port: port)
        // The answers are 20 MB, more than the system takes for somebody who does not read.
        let request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        for _ in 0..<50 { deaf.send(String(repeating: request, count: 100)) }
        let connections = gateway.door.connections
        #expect(try await eventually { connections.taken == 1 && connections.count == 0 })
        withExtendedLifetime(deaf) {}
      }
    }
  }

  @Test(.timeLimit(.minutes(2))) func `very many half requests leave others served, from the same address too`()
    async throws
  {
    try await TestGateway.run(open: { $0.connections = Connections(Connections.Limits(all: 64, perAddress: 16)) }) {
      gateway in
      try await gateway.serve { port in
        var half: [RawClient] = []
        for number in 0..<200 {
          let client = try RawClient(port: port, from: "127.0.0.\(2 + number % 2)")
          client.send("GET /api/v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
          half.append(client)
        }
        for address in ["127.0.0.1", "127.0.0.2"] {
          let answer = try await RawClient.ask("GET /health", ["Host: 127.0.0.1"], port: port, from: address)
          #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(address): \(answer)")
        }
        #expect(gateway.door.connections.count <= 33)
        withExtendedLifetime(half) {}
      }
    }
  }

  @Test func `there are as many connections as there are files for, and more files than connections`() {
    for files in [256, 1024, 65_536, 1_048_576] {
      let limits = Connections.Limits.fitting(files: files)
      #expect(limits.all < files && limits.perAddress < limits.all)
    }
  }
}
