import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// Who is let in to OpenAI's API, what there is, and how models are named.
@Suite struct OpenAIDoorTests {
  @Test func `without tokens any key will do, and none`() async throws {
    try await TestGateway.run { gateway in
      for headers: HTTPFields in [[:], [.authorization: "Bearer sk-anything"]] {
        let answer = try await gateway.send(.get, "/v1/models", headers: headers)
        #expect(answer.status == 200)
      }
    }
  }

  @Test(arguments: [nil, "Bearer sk-nobodys", "Bearer", "Basic YTpi"] as [String?])
  func `no key and a wrong one are 401 invalid_api_key`(header: String?) async throws {
    try await TestGateway.guarded { gateway in
      let answer = try await gateway.send(.get, "/v1/models", headers: header.map { [.authorization: $0] } ?? [:])
      #expect(answer.status == 401)
      let error = try answer.openAIError
      #expect(error.code == "invalid_api_key")
      #expect(error.type == "invalid_request_error")
    }
  }

  @Test func `a key that may not make pictures is 403`() async throws {
    try await TestGateway.guarded { gateway in
      let bob = try await gateway.token("bob", [.read]).token
      let answer = try await gateway.ask(
        "images/generations", #"{"prompt": "a"}"#, headers: [.authorization: "Bearer \(bob)"])
      #expect(answer.status == 403)
      #expect(try answer.openAIError.code == "insufficient_permissions")
      #expect(try answer.openAIError.message.contains("'submit'"))
    }
  }

  @Test func `who has used up what they may have is 429, and told when to come again`() async throws {
    try await TestGateway.guarded(configure: { $0.limits.picturesInHand = 1 }) { gateway in
      let alice = try await gateway.token("alice", [.submit]).token
      let answer = try await gateway.ask(
        "images/generations", #"{"prompt": "a", "n": 2}"#, headers: [.authorization: "Bearer \(alice)"])
      #expect(answer.status == 429)
      #expect(answer.headers[.retryAfter].flatMap { Int($0) }.map { $0 > 0 } == true)
      let error = try answer.openAIError
      #expect(error.code == "rate_limit_exceeded")
      #expect(error.message.contains("'limits.pictures_in_hand'"))
      #expect(try await gateway.jobCount() == 0)
    }
  }

  @Test func `who asks too often is 429 in the same form`() async throws {
    try await TestGateway.guarded(
      open: { $0.ownerBounds = OwnerBounds(OwnerBounds.Limits(requests: .init(perSecond: 0.001, burst: 1))) }
    ) { gateway in
      let alice = try await gateway.token("alice", [.read]).token
      let headers: HTTPFields = [.authorization: "Bearer \(alice)"]
      #expect(try await gateway.send(.get, "/v1/models", headers: headers).status == 200)
      let answer = try await gateway.send(.get, "/v1/models", headers: headers)
      #expect(answer.status == 429)
      #expect(answer.headers[.retryAfter] != nil)
      #expect(try answer.openAIError.code == "rate_limit_exceeded")
    }
  }

  @Test func `an unknown path and a wrong method are told apart, in the same form`() async throws {
    try await TestGateway.run { gateway in
      let unknown = try await gateway.send(.post, "/v1/chat/completions", Array("{}".utf8))
      #expect(unknown.status == 404)
      #expect(try unknown.openAIError.message == "Invalid URL (POST /v1/chat/completions)")
      #expect(try unknown.openAIError.code == "unknown_url")
      let wrong = try await gateway.send(.get, "/v1/images/generations")
      #expect(wrong.status == 405)
      #expect(wrong.headers[.allow] == "POST")
      #expect(try wrong.openAIError.message == "Only POST requests are accepted.")
      #expect(try wrong.openAIError.code == "method_not_supported")
      // The native API keeps its own.
      #expect(try await gateway.get("nothing").refusal.code == "http")
    }
  }

  @Test(arguments: ["/v1/models", "/v1/models/none", "/v1/nothing"])
  func `every answer has an id and says how long it took`(path: String) async throws {
    try await TestGateway.run { gateway in
      let first = try await gateway.send(.get, path)
      let second = try await gateway.send(.get, path)
      let ids = [first, second].compactMap { $0.headers[.requestID] }
      #expect(ids.allSatisfy { $0.hasPrefix("req_") && $0.count == 28 })
      #expect(Set(ids).count == 2)
      #expect(first.headers[.processingMilliseconds].flatMap { Int($0) } != nil)
    }
  }

  @Test func `models are listed with their aliases, and found by both`() async throws {
    try await TestGateway.run(configure: { $0.aliases = ["dall-e-2": "starter", "gone": "none"] }) { gateway in
      let list = try await gateway.send(.get, "/v1/models")
      #expect(try list.object["object"] as? String == "list")
      let models = try #require(try list.object["data"] as? [[String: Any]])
      #expect(models.compactMap { $0["id"] as? String } == ["dall-e-2", "starter"])
      for model in models {
        #expect(Set(model.keys) == ["id", "object", "created", "owned_by"])
        #expect(model["object"] as? String == "model")
        #expect(model["owned_by"] as? String == "atelier")
        #expect((model["created"] as? Int).map { $0 > 1_600_000_000 } == true)
      }
      let one = try await gateway.send(.get, "/v1/models/dall-e-2")
      #expect(try one.object["id"] as? String == "dall-e-2")
      let none = try await gateway.send(.get, "/v1/models/dall-e-3")
      #expect(none.status == 404)
      #expect(try none.openAIError.code == "model_not_found")
      #expect(try none.openAIError.message.contains("'dall-e-3' does not exist"))
    }
  }

  @Test func `a call may name a model, an alias or nothing`() async throws {
    let other = ModelInfo(
      name: "other", digest: String(repeating: "b", count: 64), size: PictureSize(width: 32, height: 32),
      defaults: .karlo)
    try await TestGateway.run(
      models: [TestGateway.model, other], configure: { $0.aliases = ["dall-e-2": "other"] }
    ) { gateway in
      for (field, model) in [
        ("", "other"), (#", "model": null"#, "other"), (#", "model": "dall-e-2""#, "other"),
        (#", "model": "other""#, "other"), (#", "model": "starter""#, "starter"),
      ] {
        async let asked = gateway.ask("images/generations", #"{"prompt": "a"\#(field)}"#)
        let job = try await gateway.waitingJob()
        #expect(try await gateway.status(of: job).model == model)
        try await gateway.finish(job)
        #expect(try await asked.status == 200)
      }
      let unknown = try await gateway.ask("images/generations", #"{"prompt": "a", "model": "dall-e-3"}"#)
      #expect(unknown.status == 404)
      #expect(try unknown.openAIError.code == "model_not_found")
      #expect(try unknown.openAIError.param == "model")
    }
  }

  @Test func `an alias is good for submissions too`() async throws {
    try await TestGateway.run(configure: { $0.aliases = ["dall-e-2": "starter"] }) { gateway in
      let job = try await gateway.submit(query: "model=dall-e-2")
      #expect(try await gateway.status(of: job).model == "starter")
    }
  }

  @Test func `who made a picture by a call is in the audit log`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.made { try await $0.ask("images/generations", #"{"prompt": "a"}"#) }
      let log = try String(contentsOfFile: gateway.folder.path + "/data/audit.jsonl", encoding: .utf8)
      #expect(log.contains(try #require(answer.headers[.atelierJob])), "\(log)")
    }
  }
}
