import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// How a browser logs in.
@Suite struct LoginTests {
  private func link(_ gateway: TestGateway, as token: String) async throws -> String {
    let answer = try await gateway.send(.post, "login-links", as: token)
    try #require(answer.status == 201, "\(answer.text)")
    return try answer.decoded(as: LoginLink.self).path
  }

  private func logIn(_ gateway: TestGateway, _ path: String) async throws -> Answer {
    let body = path.dropFirst("/login?".count)
    return try await gateway.send(.post, "/login", Array(body.utf8))
  }

  private func ask(_ gateway: TestGateway, _ path: String, cookie: String) async throws -> Answer {
    try await gateway.send(.get, "/api/v1/" + path, headers: [.cookie: cookie])
  }

  @Test func `a link lets one browser in, once, as who asked for it`() async throws {
    try await TestGateway.guarded { gateway in
      let alice = try await gateway.token("alice", [.read, .submit]).token
      let job = try await gateway.send(.post, "jobs", as: alice, "a\n").decoded(as: Submitted.self).job
      let path = try await link(gateway, as: alice)
      // What only looks does not use it up.
      for _ in 0..<2 {
        let page = try await gateway.page(path)
        #expect(page.status == 200 && page.text.contains("method=\"post\""))
        #expect(page.headers[.setCookie] == nil)
      }
      let answer = try await logIn(gateway, path)
      #expect(answer.status == 303)
      #expect(answer.headers[.location] == "/")
      let set = try #require(answer.headers[.setCookie])
      for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Secure"] { #expect(set.contains(part), "\(set)") }
      let cookie = String(set.prefix { $0 != ";" })
      #expect(try await ask(gateway, "jobs", cookie: cookie).decoded(as: [JobStatus].self).map(\.id) == [job])
      #expect(try await ask(gateway, "tokens", cookie: cookie).status == 403)
      #expect(try await logIn(gateway, path).status == 401)
      #expect(try await gateway.send(.post, "/logout", headers: [.cookie: cookie]).status == 303)
      #expect(try await ask(gateway, "jobs", cookie: cookie).status == 401)
    }
  }

  @Test func `a session ends with its token`() async throws {
    try await TestGateway.guarded { gateway in
      let created = try await gateway.token("alice", [.read])
      let answer = try await logIn(gateway, try await link(gateway, as: created.token))
      let cookie = String(try #require(answer.headers[.setCookie]).prefix { $0 != ";" })
      #expect(try await ask(gateway, "jobs", cookie: cookie).status == 200)
      _ = try await gateway.coordinator.revokeToken(created.info.id)
      #expect(try await ask(gateway, "jobs", cookie: cookie).status == 401)
    }
  }

  @Test func `links and sessions have their time`() throws {
    let (sessions, now) = (Sessions(), ContinuousClock.now)
    let code = sessions.makeLink(for: "t", at: now)
    #expect(sessions.logIn(with: code, at: now + Sessions.linkLifetime) == nil)
    let session = try #require(sessions.logIn(with: code, at: now + .seconds(1)))
    #expect(sessions.token(of: session, at: now + .seconds(2)) == "t")
    #expect(sessions.token(of: session, at: now + .seconds(2) + Sessions.lifetime) == nil)
    #expect(sessions.token(of: code, at: now) == nil)
    #expect(sessions.logIn(with: session, at: now) == nil)
  }

  @Test(arguments: ["\"><script>alert(1)</script>", "nonsense", ""])
  func `what is no code stands on no page`(code: String) async throws {
    try await TestGateway.guarded { gateway in
      let escaped = code.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
      let page = try await gateway.page("/login?code=" + escaped)
      #expect(page.status == 200)
      #expect(!page.text.contains("alert") && page.text.contains("value=\"\""), "\(page.text)")
      #expect(try await gateway.send(.post, "/login", Array("code=\(escaped)".utf8)).status == 401)
    }
  }

  @Test func `where nobody is asked for a token, there is nothing to log in to`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.post("login-links")
      #expect(answer.status == 422)
    }
  }
}
