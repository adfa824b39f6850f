import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway
@testable import Store

/// `/v1/batches`: from lines to answers.
@Suite struct BatchTests {
  private func status(_ line: [String: Any]?) -> Int? {
    (line?["response"] as? [String: Any])?["status_code"] as? Int
  }

  private func body(_ line: [String: Any]?) -> [String: Any]? {
    (line?["response"] as? [String: Any])?["body"] as? [String: Any]
  }

  private func error(_ line: [String: Any]?) -> [String: Any]? { body(line)?["error"] as? [String: Any] }

  @Test func `a batch is read, worked on and answered, each line once`() async throws {
    try await TestGateway.run { gateway in
      let batches = try gateway.batches()
      let id = try await gateway.batch(
        [
          TestGateway.line("a"),
          TestGateway.line("b", "{\"prompt\": \"b\", \"n\": 2, \"response_format\": \"b64_json\"}"),
          TestGateway.line("too many", "{\"prompt\": \"c\", \"n\": 20}"),
          TestGateway.line("d", "{\"model\": \"dall-e-2\", \"prompt\": \"d\"}"),
        ], more: ", \"metadata\": {\"myKey\": \"v\", \"snake_key\": \"w\"}")
      var facts = try await gateway.facts(ofBatch: id)
      // What is not there is null.
      for key in ["output_file_id", "error_file_id", "errors", "in_progress_at", "completed_at", "failed_at"] {
        #expect(facts[key] is NSNull, "\(key)")
      }
      try await batches.pass()
      facts = try await gateway.facts(ofBatch: id)
      #expect(facts["status"] as? String == "in_progress")
      #expect(facts["request_counts"] as? [String: Int] == ["total": 4, "completed": 0, "failed": 1])
      #expect(facts["model"] as? String == "dall-e-2")
      #expect(facts["metadata"] as? [String: String] == ["myKey": "v", "snake_key": "w"])
      let (created, expires) = (try #require(facts["created_at"] as? Int), try #require(facts["expires_at"] as? Int))
      #expect(expires - created == 86_400)
      let job = try await gateway.job(ofBatch: id)
      #expect(try await gateway.status(of: job).images.total == 4)
      try await gateway.finish(job)
      #expect(
        try await gateway.facts(ofBatch: id)["request_counts"] as? [String: Int]
          == ["total": 4, "completed": 3, "failed": 1])
      try await batches.pass()
      facts = try await gateway.facts(ofBatch: id)
      #expect(facts["status"] as? String == "completed")
      for key in ["in_progress_at", "finalizing_at", "completed_at"] { #expect(facts[key] is Int, "\(key)") }
      #expect(facts["request_counts"] as? [String: Int] == ["total": 4, "completed": 3, "failed": 1])
      let (made, failed) = try await gateway.answers(ofBatch: id)
      #expect(Set(made.keys) == ["a", "b", "d"])
      #expect(status(made["a"]) == 200)
      #expect(made["a"]?["error"] is NSNull)
      let pictures = try #require(body(made["b"])?["data"] as? [[String: String]])
      #expect(
        pictures.map { Data(base64Encoded: $0["b64_json"] ?? "") } == [
          Data(TestGateway.picture("b")), Data(TestGateway.picture("b")),
        ])
      // By its URL anybody has the picture.
      let url = try #require((body(made["d"])?["data"] as? [[String: String]])?.first?["url"])
      let path = try #require(url.range(of: "/v1/")).lowerBound
      #expect(try await gateway.page(String(url[path...])).bytes == TestGateway.picture("d"))
      #expect(Set(failed.keys) == ["too many"])
      #expect(status(failed["too many"]) == 400)
      #expect(failed["too many"]?["error"] is NSNull)
      #expect(error(failed["too many"])?["param"] as? String == "n")
      // The files are shown as others are, and are for what they are for.
      let output = try #require(facts["output_file_id"] as? String)
      let file = try await gateway.page("/v1/files/\(output)").object
      #expect(file["purpose"] as? String == "batch_output")
      #expect(file["filename"] as? String == "\(id)_output.jsonl")
      #expect(file["expires_at"] is NSNull)
      // Nothing of the lines is kept, and nothing happens any more.
      #expect(try await gateway.coordinator.store.read { try $0.endedBatchesWithLines() }.isEmpty)
      try await batches.pass()
      #expect(try await gateway.answers(ofBatch: id).made.count == 3)
    }
  }

  private static let unreadable: [([String], String, Int?)] = [
    (["{"], "invalid_json_line", 1), (["[]"], "invalid_json_line", 1), ([], "empty_file", nil),
    ([" "], "empty_file", nil),
    ([TestGateway.line("a"), TestGateway.line("a")], "duplicate_custom_id", 2),
    ([TestGateway.line("a"), "", TestGateway.line("b", url: "/v1/images/edits")], "url_mismatch", 3),
    (
      [TestGateway.line("a"), TestGateway.line("b", "{\"model\": \"starter\", \"prompt\": \"b\"}")], "model_mismatch", 2
    ),
    ([TestGateway.line("a", "{\"model\": \"gpt-9\", \"prompt\": \"a\"}")], "model_not_found", 1),
    ([TestGateway.line("a").replacing("POST", with: "GET")], "invalid_method", 1),
    ([TestGateway.line("a").replacing("custom_id", with: "id")], "missing_required_parameter", 1),
  ]

  @Test(arguments: unreadable)
  func `a file that cannot be read fails its batch, with the line`(lines: [String], code: String, line: Int?)
    async throws
  {
    try await TestGateway.run { gateway in
      let id = try await gateway.batch(lines)
      try await gateway.batches().pass()
      let facts = try await gateway.facts(ofBatch: id)
      #expect(facts["status"] as? String == "failed")
      #expect(facts["failed_at"] is Int)
      let errors = try #require(facts["errors"] as? [String: Any])
      #expect(errors["object"] as? String == "list")
      let first = try #require((errors["data"] as? [[String: Any]])?.first)
      #expect(first["code"] as? String == code)
      #expect(first["line"] as? Int == line)
      #expect(Set(first.keys) == ["code", "line", "message", "param"])
      // Nothing is left of its job.
      let isGone = try await eventually { try await gateway.coordinator.store.read { try $0.jobsByState() }.isEmpty }
      #expect(isGone)
    }
  }

  @Test func `cancelling answers what was done, and says of the rest that it was not`() async throws {
    try await TestGateway.run { gateway in
      let batches = try gateway.batches()
      let id = try await gateway.batch(["a", "b", "c"].map { TestGateway.line($0, "{\"prompt\": \"\($0)\"}") })
      try await batches.pass()
      try await gateway.finish(gateway.job(ofBatch: id), items: 1)
      let answer = try await gateway.send(.post, "/v1/batches/\(id)/cancel")
      #expect(try answer.object["status"] as? String == "cancelling")
      #expect(try answer.object["cancelling_at"] is Int)
      // Once more changes nothing.
      #expect(try await gateway.send(.post, "/v1/batches/\(id)/cancel").status == 200)
      try await batches.pass()
      let facts = try await gateway.facts(ofBatch: id)
      #expect(facts["status"] as? String == "cancelled")
      #expect(facts["cancelled_at"] is Int)
      let (made, failed) = try await gateway.answers(ofBatch: id)
      #expect(Set(made.keys) == ["a"])
      #expect(Set(failed.keys) == ["b", "c"])
      #expect(failed.values.allSatisfy { ($0["error"] as? [String: Any])?["code"] as? String == "batch_cancelled" })
      #expect(failed["b"]?["response"] is NSNull)
      #expect(try await gateway.status(of: gateway.job(ofBatch: id)).state == .cancelled)
    }
  }

  @Test func `one that is cancelled before it was read has no answers; one that has ended cannot be`() async throws {
    try await TestGateway.run { gateway in
      let batches = try gateway.batches()
      let early = try await gateway.batch([TestGateway.line("a")])
      #expect(try await gateway.send(.post, "/v1/batches/\(early)/cancel").status == 200)
      let failed = try await gateway.batch(["{"])
      try await batches.pass()
      let facts = try await gateway.facts(ofBatch: early)
      #expect(facts["status"] as? String == "cancelled")
      #expect(facts["output_file_id"] is NSNull)
      #expect(facts["error_file_id"] is NSNull)
      #expect(try await gateway.jobCount(of: .active) == 0)
      let answer = try await gateway.send(.post, "/v1/batches/\(failed)/cancel")
      // Never 409, which the client would try again.
      #expect(answer.status == 400)
    }
  }

  @Test func `when its time is over the rest of a batch has expired`() async throws {
    try await TestGateway.run { gateway in
      let batches = try gateway.batches()
      let id = try await gateway.batch(["a", "b"].map { TestGateway.line($0, "{\"prompt\": \"\($0)\"}") })
      try await batches.pass()
      try await gateway.finish(gateway.job(ofBatch: id), items: 1)
      try await gateway.endTime(ofBatch: id)
      try await batches.pass()
      let facts = try await gateway.facts(ofBatch: id)
      #expect(facts["status"] as? String == "expired")
      for key in ["finalizing_at", "expired_at"] { #expect(facts[key] is Int, "\(key)") }
      let (made, failed) = try await gateway.answers(ofBatch: id)
      #expect(Set(made.keys) == ["a"])
      #expect((failed["b"]?["error"] as? [String: Any])?["code"] as? String == "batch_expired")
      #expect(failed["b"]?["response"] is NSNull)
    }
  }

  @Test func `a picture that could not be made fails its line alone`() async throws {
    try await TestGateway.run { gateway in
      let batches = try gateway.batches()
      let id = try await gateway.batch(["a", "b"].map { TestGateway.line($0, "{\"prompt\": \"\($0)\"}") })
      try await batches.pass()
      let job = try await gateway.job(ofBatch: id)
      try await gateway.fail(job, reasons: ["no memory"])
      try await gateway.finish(job)
      try await batches.pass()
      let (made, failed) = try await gateway.answers(ofBatch: id)
      #expect(Set(made.keys) == ["b"])
      #expect(status(failed["a"]) == 500)
      #expect(error(failed["a"])?["message"] as? String == "no memory")
      #expect(try await gateway.facts(ofBatch: id)["status"] as? String == "completed")
    }
  }

  @Test func `a batch of edits and variations takes pictures as data URLs, in Base64, and from files`() async throws {
    var model = TestGateway.model
    model.readsPictures = true
    try await TestGateway.run(models: [model]) { gateway in
      let batches = try gateway.batches()
      let bytes: [UInt8] =
        [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8) + [0, 0, 0, 64, 0, 0, 0, 64]
      let base64 = Data(bytes).base64EncodedString()
      let url = "/v1/images/variations"
      let id = try await gateway.batch(
        [
          TestGateway.line("none", "{}", url: url), TestGateway.line("bad", "{\"image\": \"!\"}", url: url),
          TestGateway.line("text", "{\"image\": \"\(Data("text".utf8).base64EncodedString())\"}", url: url),
          TestGateway.line("no file", "{\"image\": \"file-none\"}", url: url),
          TestGateway.line("prompt", "{\"image\": \"\(base64)\", \"prompt\": \"a\"}", url: url),
        ], endpoint: url)
      try await batches.pass()
      let (made, failed) = try await gateway.answers(ofBatch: id)
      #expect(made.isEmpty)
      #expect(failed.count == 5)
      for name in ["none", "bad", "text", "no file"] {
        #expect(error(failed[name])?["param"] as? String == "image", "\(name)")
      }
      #expect(error(failed["prompt"])?["param"] as? String == "prompt")
    }
  }

  private static let start =
    "{\"input_file_id\": \"FILE\", \"endpoint\": \"/v1/images/generations\", \"completion_window\": \"24h\""
  private static let manyPairs = (0..<17).map { "\"\($0)\": \"\"" }.joined(separator: ", ")
  private static let longKey = String(repeating: "k", count: 65)
  private static let longValue = String(repeating: "v", count: 513)
  private static let wrong: [(String, String)] = [
    ("{}", "input_file_id"), ("{\"input_file_id\": 1}", "input_file_id"),
    ("{\"input_file_id\": \"FILE\"}", "endpoint"),
    ("{\"input_file_id\": \"FILE\", \"endpoint\": \"/v1/chat/completions\"}", "endpoint"),
    ("{\"input_file_id\": \"FILE\", \"endpoint\": \"/v1/images/edits\"}", "completion_window"),
    (
      "{\"input_file_id\": \"FILE\", \"endpoint\": \"/v1/images/edits\", \"completion_window\": \"1h\"}",
      "completion_window"
    ),
    (
      "{\"input_file_id\": \"file-x\", \"endpoint\": \"/v1/images/edits\", \"completion_window\": \"24h\"}",
      "input_file_id"
    ),
    (start + ", \"metadata\": {\"a\": 1}}", "metadata.a"),
    (start + ", \"metadata\": {\"\(longKey)\": \"v\"}}", "metadata"),
    (start + ", \"metadata\": {\"k\": \"\(longValue)\"}}", "metadata"),
    (start + ", \"metadata\": {\(manyPairs)}}", "metadata"),
    (start + ", \"output_expires_after\": {\"anchor\": \"created_at\", \"seconds\": 3599}}", "seconds"),
    (start + ", \"colour\": 1}", "colour"),
  ]

  @Test(arguments: wrong)
  func `what cannot be a batch is 400, with the parameter`(body: String, param: String) async throws {
    try await TestGateway.run { gateway in
      let file = try await gateway.file(TestGateway.line("a"))
      let text = body.replacing("FILE", with: file)
      let answer = try await gateway.send(
        .post, "/v1/batches", Array(text.utf8), headers: [.contentType: "application/json"])
      #expect(answer.status == 400, "\(answer.text)")
      #expect(try answer.openAIError.param == param)
    }
  }

  @Test func `answers go when they were asked to`() async throws {
    try await TestGateway.run { gateway in
      let id = try await gateway.batch(
        [TestGateway.line("a", "{\"prompt\": \"\"}")],
        more: ", \"output_expires_after\": {\"anchor\": \"created_at\", \"seconds\": 3600}")
      try await gateway.batches().pass()
      let file = try #require(try await gateway.facts(ofBatch: id)["error_file_id"] as? String)
      let facts = try await gateway.page("/v1/files/\(file)").object
      let (created, expires) = (try #require(facts["created_at"] as? Int), try #require(facts["expires_at"] as? Int))
      #expect(expires - created == 3600)
    }
  }

  @Test func `a list has pages, and a batch is its owner's alone`() async throws {
    try await TestGateway.guarded { gateway in
      let alice: HTTPFields = [
        .authorization: "Bearer \(try await gateway.token("alice", [.read, .submit]).token)"
      ]
      let bob: HTTPFields = [
        .authorization: "Bearer \(try await gateway.token("bob", Set(AccessScope.allCases)).token)"
      ]
      let file = try await gateway.file(TestGateway.line("a"), headers: alice)
      var ids: [String] = []
      for _ in 0..<3 {
        ids.append(try #require(try await gateway.batch(of: file, headers: alice).object["id"] as? String))
      }
      func list(_ query: String, _ headers: HTTPFields) async throws -> [String] {
        let facts = try await gateway.send(.get, "/v1/batches\(query)", headers: headers).object
        let data = try #require(facts["data"] as? [[String: Any]])
        return data.compactMap { $0["id"] as? String } + [facts["has_more"] as? Bool == true ? "more" : "end"]
      }
      #expect(try await list("?limit=2", alice) == [ids[2], ids[1], "more"])
      #expect(try await list("?limit=2&after=\(ids[1])", alice) == [ids[0], "end"])
      #expect(try await list("", bob) == ["end"])
      // Another's file cannot be read by a batch either.
      #expect(try await gateway.batch(of: file, headers: bob).status == 400)
      #expect(try await gateway.send(.get, "/v1/batches/\(ids[0])", headers: bob).status == 404)
      #expect(try await gateway.send(.post, "/v1/batches/\(ids[0])/cancel", headers: bob).status == 404)
      #expect(try await gateway.send(.get, "/v1/batches?limit=101", headers: alice).status == 400)
    }
  }

  @Test func `a batch of more than an owner may have fails, and says which limit`() async throws {
    try await TestGateway.run(configure: { $0.limits.picturesInHand = 2 }) { gateway in
      let id = try await gateway.batch((0..<3).map { TestGateway.line("\($0)") })
      try await gateway.batches().pass()
      let errors = try #require(try await gateway.facts(ofBatch: id)["errors"] as? [String: Any])
      let first = try #require((errors["data"] as? [[String: Any]])?.first)
      #expect(first["code"] as? String == "quota_exceeded")
      #expect((first["message"] as? String)?.contains("pictures_in_hand") == true)
    }
  }
}
