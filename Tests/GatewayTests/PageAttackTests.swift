import Foundation
import Hummingbird
import Logging
import NIOCore
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// Attacks over HTTP, each twice, with real sockets: against the coordinator as it is, which refuses it, and against one
/// that cannot see what the check looks at, where it succeeds. So it is the check that refuses it.
@Suite(.serialized) struct PageAttackTests {
  enum Attack: String, CaseIterable, CustomTestStringConvertible {
    case crossSiteForm = "cross-site form"
    case foreignHost = "foreign host"
    case revokedToken = "revoked token of HTTP"

    var testDescription: String { rawValue }

    /// What a browser on the coordinator's machine would send for the page, as it is told apart from honest requests.
    func headers(_ port: Int) -> [String] {
      switch self {
      case .crossSiteForm:
        ["Host: 127.0.0.1:\(port)", "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"]
      case .foreignHost: ["Host: evil.example:\(port)"]
      case .revokedToken: ["Host: 127.0.0.1:\(port)"]
      }
    }
  }

  @Test(.timeLimit(.minutes(2)), arguments: [Attack.crossSiteForm, .foreignHost])
  func `a page of another site is refused, and succeeds where the guard does not see where it is from`(
    attack: Attack
  ) async throws {
    for isChecked in [true, false] {
      var answer = ""
      var jobs = -1
      try await TestGateway.run { gateway in
        try await gateway.serve(blind: !isChecked) { port in
          answer = try await RawClient.ask(
            "POST /api/v1/jobs?format=txt", attack.headers(port), "a red apple\n", port: port)
          jobs = try await gateway.get("jobs").decoded(as: [JobStatus].self).count
        }
      }
      Self.tell(attack.rawValue, isChecked, isAdmitted: jobs == 1)
      #expect(jobs == (isChecked ? 0 : 1), "\(answer)")
      #expect(answer.hasPrefix("HTTP/1.1 201 ") == !isChecked, "\(answer)")
    }
  }

  @Test(.timeLimit(.minutes(2)))
  func `a token that was revoked is refused, and succeeds where nobody has noted that it was`() async throws {
    for isChecked in [true, false] {
      try await TestGateway.guarded { gateway in
        let created = try await gateway.token("alice", [.read])
        if isChecked { _ = try await gateway.coordinator.revokeToken(created.info.id) }
        try await gateway.serve { port in
          let answer = try await RawClient.ask(
            "GET /api/v1/jobs", Attack.revokedToken.headers(port) + ["Authorization: Bearer \(created.token)"],
            port: port)
          Self.tell(Attack.revokedToken.rawValue, isChecked, isAdmitted: answer.hasPrefix("HTTP/1.1 200 "))
          #expect(answer.hasPrefix(isChecked ? "HTTP/1.1 401 " : "HTTP/1.1 200 "), "\(answer)")
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(2)))
  func `a connection whose headers come slowly is cut, and stays where there is no limit`() async throws {
    var (short, long) = (Connections.Limits(), Connections.Limits())
    (short.firstHead, long.firstHead) = (.milliseconds(300), .hours(1))
    try await TestGateway.run(open: { $0.connections = Connections(long) }) { unchecked in
      try await TestGateway.run(open: { $0.connections = Connections(short) }) { checked in
        try await unchecked.serve { unlimited in
          try await checked.serve { limited in
            let slow = try [unlimited, limited].map { port in
              let client = try RawClient(port: port)
              client.send("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Slow: ")
              return client
            }
            // A byte now and then, until one is cut.
            #expect(
              try await eventually {
                for client in slow { client.send("a") }
                return checked.door.connections.taken == 1 && checked.door.connections.count == 0
              })
            for client in slow { client.send("\r\n\r\n") }
            let answers = (await slow[0].readToEnd(), await slow[1].readToEnd())
            Self.tell("slow headers", true, isAdmitted: answers.1.hasPrefix("HTTP/1.1 200 "))
            Self.tell("slow headers", false, isAdmitted: answers.0.hasPrefix("HTTP/1.1 200 "))
            #expect(answers.0.hasPrefix("HTTP/1.1 200 "), "\(answers.0)")
            #expect(!answers.1.hasPrefix("HTTP/1.1 200 "), "\(answers.1)")
          }
        }
      }
    }
  }

  private static func tell(_ attack: String, _ isChecked: Bool, isAdmitted: Bool) {
    print(
      "attack: \(attack), \(isChecked ? "as it is" : "without the check"): \(isAdmitted ? "admitted" : "refused")")
  }
}

extension TestGateway {
  /// Serves on a port of 127.0.0.1 while the test runs.
  ///
  /// - Parameter blind: whether nothing is left of a request that says from which page it comes and whom it is for.
  fileprivate func serve(blind: Bool, _ test: (_ port: Int) async throws -> Void) async throws {
    guard blind else { return try await serve(test) }
    let logger = Logger(label: "test")
    let guarded = Gateway.router(for: coordinator, door: door, logger: logger).buildResponder()
    let responder = CallbackResponder { (request: Request, context: GatewayContext) in
      var head = request.head
      head.headerFields[.origin] = nil
      head.headerFields[.secFetchSite] = nil
      head.authority = "127.0.0.1"
      return try await guarded.respond(to: Request(head: head, body: request.body), context: context)
    }
    let ports = AsyncStream<Int>.makeStream()
    let application = Application(
      responder: responder, server: try .behind(door),
      configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { ports.continuation.yield($0.localAddress?.port ?? 0) }, logger: logger)
    let serving = Task {
      defer { ports.continuation.finish() }
      try await application.run()
    }
    defer { serving.cancel() }
    var iterator = ports.stream.makeAsyncIterator()
    try await test(#require(await iterator.next(), "it does not listen"))
  }
}
