import Hummingbird
import Logging
import Shared
import Testing

@testable import Gateway

/// What each route asks of who uses it.
@Suite struct RouteAccessTests {
  @Test func `every route says what scope it needs, and nothing else does`() async throws {
    try await TestGateway.run { gateway in
      let router = Gateway.router(for: gateway.coordinator, door: gateway.door, logger: Logger(label: "test"))
      let routes = router.routes.map { "\($0.method.rawValue) \($0.path.description)" }
      #expect(Set(routes) == Set(RouteAccess.all.keys))
    }
  }

  @Test func `without a token only pages without facts are open`() {
    let open = RouteAccess.all.filter { $0.value == .open }.map(\.key)
    #expect(
      Set(open)
        == [
          "GET /", "GET /assets/{version}/{file}", "GET /health", "GET /login", "POST /login", "POST /logout",
        ])
    let signed = RouteAccess.all.filter { $0.value == .signed }.map(\.key)
    #expect(signed == ["GET /v1/images/content/{job}/{item}/{index}"])
  }

  @Test func `who guesses the URL of a picture is refused`() async throws {
    try await TestGateway.guarded { gateway in
      for query in ["", "?expires=99999999999&signature=\(String(repeating: "a", count: 64))"] {
        let answer = try await gateway.page("/v1/images/content/job-a/0/0" + query)
        #expect(answer.status == 403)
      }
    }
  }

  @Test(arguments: RouteAccess.all.keys.sorted())
  func `each route but those is closed to who has no token, and to who lacks its scope`(route: String) async throws {
    guard let access = RouteAccess.all[route], access != .open, access != .signed else { return }
    let words = route.split(separator: " ").map(String.init)
    try await TestGateway.guarded { gateway in
      let method = try #require(HTTPRequest.Method(words[0]))
      let answer = try await gateway.send(method, words[1])
      #expect(answer.status == 401)
      #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Bearer ") == true)
      guard case .scope(let scopes) = access else { return }
      // All scopes but those that would do.
      let others = Set(AccessScope.allCases).subtracting(scopes).subtracting(scopes.contains(.read) ? [.readAll] : [])
      let token = try await gateway.token("bob", others).token
      let lacking = try await gateway.send(method, words[1], headers: [.authorization: "Bearer \(token)"])
      #expect(lacking.status == 403)
      if method != .head { #expect(lacking.text.contains("'\(scopes[0].rawValue)'"), "\(lacking.text)") }
    }
  }
}
