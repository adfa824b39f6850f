import Foundation
import Hummingbird
import Shared
import Store
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// Who asks with a token, and what that allows.
@Suite struct TokenTests {
  private static let everything = Set(AccessScope.allCases)

  @Test func `who has no token is told how to come by one`() async throws {
    try await TestGateway.guarded { gateway in
      let answer = try await gateway.get("jobs")
      #expect(answer.status == 401)
      #expect(try answer.refusal.code == "denied")
      #expect(try answer.refusal.message.contains("atelier token create"))
      #expect(answer.headers[.wwwAuthenticate] == "Bearer realm=\"atelier\"")
    }
  }

  @Test func `a token is shown once, and what is kept does not let anybody in`() async throws {
    try await TestGateway.guarded { gateway in
      let admin = try await gateway.token("admin", [.admin]).token
      let body = #"{"name": "bob", "scopes": ["read", "submit"], "lifetime_seconds": 3600}"#
      let answer = try await gateway.send(.post, "tokens", as: admin, body)
      #expect(answer.status == 201, "\(answer.text)")
      let created = try answer.decoded(as: CreatedToken.self)
      let secret = try #require(TokenSecret(created.token))
      #expect(created.info.scopes == [.read, .submit])
      #expect(answer.headers[.location] == "/api/v1/tokens/\(secret.id)")
      #expect(created.info.expiresAt == created.info.createdAt + 3600)
      #expect(try await gateway.send(.get, "jobs", as: created.token).status == 200)

      let list = try await gateway.send(.get, "tokens", as: admin)
      #expect(try list.decoded(as: [TokenInfo].self).map(\.name).sorted() == ["admin", "bob"])
      let copy = try await gateway.send(.post, "backup", as: admin).bytes
      for kept in [list.bytes, copy] {
        #expect(!String(decoding: kept, as: UTF8.self).contains(created.token.suffix(64)))
      }
      // The digest is there; shown in place of the secret it is another secret.
      #expect(copy.firstRange(of: secret.digest) != nil)
      let digest = "atl_\(secret.id)_\(hexadecimal(secret.digest))"
      #expect(try await gateway.send(.get, "jobs", as: digest).status == 401)
    }
  }

  @Test(arguments: ["", "atl_", "nonsense", "atl_0123456789_" + String(repeating: "0", count: 64)])
  func `what is no token lets nobody in`(token: String) async throws {
    try await TestGateway.guarded { gateway in
      let answer = try await gateway.send(.get, "jobs", as: token)
      #expect(answer.status == 401)
      #expect(answer.headers[.wwwAuthenticate]?.contains("invalid_token") == true)
    }
  }

  @Test func `a token is of no use after its time`() async throws {
    try await TestGateway.guarded { gateway in
      let created = try await gateway.token("bob", [.read], lifetime: 60)
      let ends = try #require(created.info.expiresAt)
      let book = gateway.coordinator.tokens
      #expect(try book.requester(showing: created.token, at: ends - 1).owner == "bob")
      #expect(throws: TokenBook.Refusal.expired(ends)) { _ = try book.requester(showing: created.token, at: ends) }
      // The same over HTTP, for one whose time is over.
      let old = try await gateway.expiredToken("carol")
      let answer = try await gateway.send(.get, "jobs", as: old)
      #expect(answer.status == 401)
      #expect(try answer.refusal.message.contains("has expired at 1970-01-01T"), "\(answer.text)")
      #expect(answer.headers[.wwwAuthenticate]?.contains("invalid_token") == true)
    }
  }

  @Test func `a token is of no use once it is revoked, also after a restart`() async throws {
    let folder = try TemporaryFolder()
    var token = ""
    try await TestGateway.run(in: folder, configure: { $0.security.http = .plain }) { gateway in
      let admin = try await gateway.token("admin", [.admin]).token
      let created = try await gateway.token("bob", Self.everything)
      token = created.token
      #expect(try await gateway.send(.get, "jobs", as: token).status == 200)
      #expect(try await gateway.send(.post, "tokens/\(created.info.id)/revoke", as: admin).status == 200)
      let answer = try await gateway.send(.get, "jobs", as: token)
      #expect(answer.status == 401)
      #expect(try answer.refusal.message.contains("was revoked at"))
      #expect(try await gateway.send(.post, "tokens/none/revoke", as: admin).status == 404)
    }
    try await TestGateway.run(in: folder, configure: { $0.security.http = .plain }) {
      (gateway: TestGateway) async throws -> Void in
      #expect(try await gateway.send(.get, "jobs", as: token).status == 401)
    }
  }

  @Test func `the command line on the coordinator's machine has a token of its own, in a file that is its user's`()
    async throws
  {
    try await TestGateway.guarded { gateway in
      let path = LocalToken.path(in: gateway.folder.path + "/data")
      let token = try String(contentsOfFile: path, encoding: .utf8)
      #expect(try await gateway.send(.get, "tokens", as: token).status == 200)
      for (path, mode) in [(path, 0o600), (gateway.folder.path + "/data/keys", 0o700)] {
        let facts = try FileManager.default.attributesOfItem(atPath: path)
        #expect((facts[.posixPermissions] as? NSNumber)?.intValue == mode)
      }
      let refused = try await gateway.send(.post, "tokens", as: token, #"{"name": "local", "scopes": ["read"]}"#)
      #expect(refused.status == 400)
    }
    try await TestGateway.run { gateway in
      #expect(!FileManager.default.fileExists(atPath: gateway.folder.path + "/data/keys"))
    }
  }

  @Test func `a job is its owner's, who alone sees it and decides on it`() async throws {
    try await TestGateway.guarded { gateway in
      let alice = try await gateway.token("alice", [.read, .submit]).token
      let bob = try await gateway.token("bob", [.read, .submit]).token
      let made = try await gateway.send(.post, "jobs", as: alice, "a red apple\n")
      #expect(made.status == 201)
      let job = try made.decoded(as: Submitted.self).job
      #expect(made.headers[.location] == "/api/v1/jobs/\(job)")
      let status = try await gateway.send(.get, "jobs/\(job)", as: alice).decoded(as: JobStatus.self)
      #expect(status.owner == "alice")
      #expect(try await gateway.send(.get, "jobs", as: alice).decoded(as: [JobStatus].self).map(\.id) == [job])
      #expect(try await gateway.send(.get, "jobs", as: bob).decoded(as: [JobStatus].self).isEmpty)
      for path in ["", "/failures", "/images", "/pictures/0/0"] {
        #expect(try await gateway.send(.get, "jobs/\(job)" + path, as: bob).status == 404, "\(path)")
      }
      for verb in ["pause", "resume", "cancel", "retry"] {
        #expect(try await gateway.send(.post, "jobs/\(job)/\(verb)", as: bob).status == 404, "\(verb)")
      }
      #expect(try await gateway.send(.get, "explain/\(job)", as: bob).status == 404)
      #expect(try await gateway.send(.get, "explain/1", as: bob).status == 403)
      #expect(try await gateway.send(.get, "explain/\(job)", as: alice).status == 200)
      #expect(try await gateway.send(.post, "jobs/\(job)/pause", as: alice).status == 200)
    }
  }

  @Test func `who sees all jobs decides on them only with the scope for that`() async throws {
    try await TestGateway.guarded { gateway in
      let alice = try await gateway.token("alice", [.submit]).token
      let job = try await gateway.send(.post, "jobs", as: alice, "a\n").decoded(as: Submitted.self).job
      let watcher = try await gateway.token("watcher", [.readAll, .submit]).token
      #expect(try await gateway.send(.get, "jobs/\(job)", as: watcher).status == 200)
      let answer = try await gateway.send(.post, "jobs/\(job)/pause", as: watcher)
      #expect(answer.status == 403)
      let message = try answer.refusal.message
      #expect(message.contains("belongs to 'alice'") && message.contains("'operate'"), "\(message)")
      let operatorToken = try await gateway.token("operator", [.operate]).token
      #expect(try await gateway.send(.post, "jobs/\(job)/pause", as: operatorToken).status == 200)
    }
  }

  @Test func `tokens of one name share their jobs, and keys of submissions are an owner's`() async throws {
    try await TestGateway.guarded { gateway in
      let key: HTTPFields = [try #require(HTTPFields.Key(IdempotencyKey.headerName)): "\"k\""]
      var jobs: [JobID] = []
      for name in ["alice", "alice", "bob"] {
        let token = try await gateway.token(name, [.read, .submit]).token
        let answer = try await gateway.send(.post, "jobs", as: token, "a\n", headers: key)
        #expect(answer.status == 201)
        jobs.append(try answer.decoded(as: Submitted.self).job)
        #expect(try await gateway.send(.get, "jobs/\(jobs[0])", as: token).status == (name == "alice" ? 200 : 404))
      }
      #expect(jobs[0] == jobs[1] && jobs[1] != jobs[2])
    }
  }
}

extension TestGateway {
  /// A token whose time was over long ago.
  func expiredToken(_ name: String) async throws -> String {
    let secret = TokenSecret()
    let past = Date(timeIntervalSince1970: 1000)
    gateway(put: secret, name, until: past)
    return secret.text
  }

  private func gateway(put secret: TokenSecret, _ name: String, until time: Date) {
    coordinator.tokens.put(
      .init(
        info: TokenInfo(id: secret.id, name: name, scopes: [.read], createdAt: time - 10, expiresAt: time),
        digest: secret.digest))
  }
}
