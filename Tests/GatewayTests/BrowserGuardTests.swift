import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Gateway

/// What web pages of others can do with a browser on the coordinator's machine: nothing. Over real sockets, with the
/// headers that browsers send.
@Suite struct BrowserGuardTests {
  private static let post = "POST /api/v1/jobs?format=txt"

  @Test func `a form of another site makes no job`() async throws {
    try await TestGateway.run { gateway in
      try await gateway.serve { port in
        for headers in [
          ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site"], ["Origin: https://evil.example"],
          ["Origin: null"], ["Sec-Fetch-Site: cross-site"],
          // Another program on this machine serves pages too.
          ["Origin: http://127.0.0.1:\(port + 1)", "Sec-Fetch-Site: same-site"], ["Origin: http://127.0.0.1"],
        ] {
          let answer = try await RawClient.ask(
            Self.post, ["Host: 127.0.0.1:\(port)"] + headers, "a red apple\n", port: port)
          #expect(answer.hasPrefix("HTTP/1.1 403 "), "\(headers): \(answer)")
          #expect(answer.contains("may not change anything here"))
        }
        #expect(try await gateway.get("jobs").decoded(as: [JobStatus].self).isEmpty)
      }
    }
  }

  @Test func `the coordinator's own page and programs make jobs`() async throws {
    try await TestGateway.run { gateway in
      try await gateway.serve { port in
        for headers in [[], ["Origin: http://127.0.0.1:\(port)", "Sec-Fetch-Site: same-origin"]] {
          let answer = try await RawClient.ask(
            Self.post, ["Host: 127.0.0.1:\(port)"] + headers, "a red apple\n", port: port)
          #expect(answer.hasPrefix("HTTP/1.1 201 "), "\(headers): \(answer)")
        }
        #expect(try await gateway.get("jobs").decoded(as: [JobStatus].self).count == 2)
      }
    }
  }

  @Test func `a page that has rebound its name is not answered, whatever it asks`() async throws {
    try await TestGateway.run { gateway in
      try await gateway.serve { port in
        for request in ["GET /api/v1/jobs", "GET /", Self.post, "GET /nowhere"] {
          let answer = try await RawClient.ask(request, ["Host: evil.example:\(port)"], "a\n", port: port)
          #expect(answer.hasPrefix("HTTP/1.1 421 "), "\(request): \(answer)")
          #expect(answer.contains("is not called 'evil.example"))
        }
        #expect(try await gateway.get("jobs").decoded(as: [JobStatus].self).isEmpty)
      }
    }
  }

  @Test func `a name that is listed is the coordinator's, also behind a proxy`() async throws {
    try await TestGateway.run(configure: { $0.security.hosts = ["atelier.example.org"] }) { gateway in
      try await gateway.serve { port in
        for host in ["atelier.example.org", "127.0.0.1:\(port)"] {
          let answer = try await RawClient.ask(
            Self.post, ["Host: \(host)", "Origin: https://atelier.example.org"], "a\n", port: port)
          #expect(answer.hasPrefix("HTTP/1.1 201 "), "\(answer)")
        }
      }
    }
  }

  @Test(arguments: ["/", "/health", "/nowhere", "/api/v1/jobs", "/api/v1/jobs/job-none", "/login"])
  func `every answer tells browsers how little they may do with it`(path: String) async throws {
    try await TestGateway.run { gateway in
      let headers = try await gateway.page(path).headers
      let policy = try #require(headers[.contentSecurityPolicy])
      #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "\(policy)")
      #expect(!policy.contains("unsafe"))
      #expect(headers[.xContentTypeOptions] == "nosniff")
      #expect(headers[.referrerPolicy] == "no-referrer")
      #expect(headers[.crossOriginResourcePolicy] == "same-origin")
      #expect(headers[.accessControlAllowOrigin] == nil)
    }
  }

  @Test(
    arguments: [
      ("127.0.0.1:8080", true), ("127.0.0.1", true), ("localhost:1", true), ("LOCALHOST", true), ("[::1]:8080", true),
      ("host7:8080", true), ("host7.", true), ("127.0.0.1.evil.example", false), ("evil.example", false), ("", false),
      ("10.0.0.1", false), ("host7:x", false), ("host7@evil.example", false), ("127.1", false),
    ] as [(String, Bool)])
  func `a host is one of the coordinator's names or it is not`(host: String, isOwn: Bool) {
    #expect(AllowedHosts(listeningOn: "HOST7").allows(host) == isOwn)
  }

  @Test func `who listens on all addresses may be asked by address, not by any name`() {
    let hosts = AllowedHosts(listeningOn: "0.0.0.0")
    #expect(hosts.allows("10.0.0.5:8080") && hosts.allows("[fe80::1]:8080"))
    #expect(!hosts.allows("evil.example:8080"))
  }
}
