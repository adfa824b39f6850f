import Foundation
import Hummingbird
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway
@testable import Store

/// `/v1/files`: what was brought, listed, read and deleted.
@Suite struct FileRouteTests {
  private struct Page: Equatable {
    var ids: [String]
    var hasMore: Bool
  }

  @Test func `a file that was brought is there byte by byte, with all its fields`() async throws {
    try await TestGateway.run { gateway in
      let contents = String(repeating: "a line with \r\n and --7d81 in it\n", count: 20_000)
      let answer = try await gateway.upload(contents)
      #expect(answer.status == 200, "\(answer.text)")
      let facts = try answer.object
      #expect(
        Set(facts.keys) == [
          "id", "object", "bytes", "created_at", "expires_at", "filename", "purpose", "status", "status_details",
        ])
      #expect(facts["object"] as? String == "file")
      #expect(facts["bytes"] as? Int == contents.utf8.count)
      #expect(facts["filename"] as? String == "lines.jsonl")
      #expect(facts["purpose"] as? String == "batch")
      #expect(facts["status"] as? String == "processed")
      #expect(facts["status_details"] is NSNull)
      let (created, expires) = (try #require(facts["created_at"] as? Int), try #require(facts["expires_at"] as? Int))
      #expect(expires - created == 2_592_000)
      let id = try #require(facts["id"] as? String)
      #expect(id.hasPrefix("file-"))
      #expect(try await gateway.page("/v1/files/\(id)").text == answer.text)
      let content = try await gateway.page("/v1/files/\(id)/content")
      #expect(content.text == contents)
      #expect(content.length == "\(contents.utf8.count)")
      let deleted = try await gateway.send(.delete, "/v1/files/\(id)")
      #expect(try deleted.object["deleted"] as? Bool == true)
      for path in ["", "/content"] { #expect(try await gateway.page("/v1/files/\(id)\(path)").status == 404) }
      #expect(try await gateway.send(.delete, "/v1/files/\(id)").status == 404)
      #expect(gateway.coordinator.files.list().isEmpty)
    }
  }

  @Test(
    arguments: [
      ("3600", "created_at", nil), ("2592000", "created_at", nil),
      ("3599", "created_at", "expires_after[seconds]"), ("2592001", "created_at", "expires_after[seconds]"),
      ("x", "created_at", "expires_after[seconds]"), ("3600", "last_active_at", "expires_after[anchor]"),
      ("3600", nil, "expires_after[anchor]"), (nil, "created_at", "expires_after[seconds]"),
    ] as [(String?, String?, String?)])
  func `a file goes when it was asked to, within bounds`(seconds: String?, anchor: String?, param: String?) async throws
  {
    try await TestGateway.run { gateway in
      var fields: [(String, String)] = []
      if let anchor { fields.append(("expires_after[anchor]", anchor)) }
      if let seconds { fields.append(("expires_after[seconds]", seconds)) }
      let answer = try await gateway.upload("x", fields: fields)
      guard let param else {
        #expect(answer.status == 200, "\(answer.text)")
        let (created, expires) = (try answer.object["created_at"] as? Int, try answer.object["expires_at"] as? Int)
        #expect(expires == created.flatMap { created in seconds.flatMap { Int($0) }.map { created + $0 } })
        return
      }
      #expect(answer.status == 400)
      #expect(try answer.openAIError.param == param)
      #expect(gateway.coordinator.files.list().isEmpty)
    }
  }

  @Test(arguments: [nil, "assistants", "fine-tune", "batch_output"] as [String?])
  func `a file is for batches`(purpose: String?) async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.upload("x", purpose: purpose)
      #expect(answer.status == 400)
      #expect(try answer.openAIError.param == "purpose")
    }
  }

  @Test func `a list has pages, in either order, and of one purpose`() async throws {
    try await TestGateway.run { gateway in
      var ids: [String] = []
      for index in 0..<5 { ids.append(try await gateway.file("\(index)")) }
      func page(_ query: String) async throws -> Page {
        let answer = try await gateway.page("/v1/files\(query)")
        #expect(answer.status == 200, "\(answer.text)")
        let facts = try answer.object
        let data = try #require(facts["data"] as? [[String: Any]])
        #expect(facts["first_id"] as? String == data.first?["id"] as? String)
        #expect(facts["last_id"] as? String == data.last?["id"] as? String)
        let hasMore = try #require(facts["has_more"] as? Bool)
        return Page(ids: data.compactMap { $0["id"] as? String }, hasMore: hasMore)
      }
      #expect(try await page("") == Page(ids: Array(ids.reversed()), hasMore: false))
      #expect(try await page("?order=asc&limit=2") == Page(ids: Array(ids[..<2]), hasMore: true))
      #expect(try await page("?order=asc&limit=3&after=\(ids[1])") == Page(ids: Array(ids[2...]), hasMore: false))
      #expect(try await page("?limit=2&after=\(ids[2])") == Page(ids: [ids[1], ids[0]], hasMore: false))
      #expect(try await page("?purpose=batch_output") == Page(ids: [], hasMore: false))
      #expect(try await page("?purpose=fine-tune") == Page(ids: [], hasMore: false))
      #expect(try await page("?purpose=batch").ids.count == 5)
      for (query, param) in [
        ("?limit=0", "limit"), ("?limit=10001", "limit"), ("?limit=x", "limit"), ("?order=up", "order"),
      ] {
        let answer = try await gateway.page("/v1/files\(query)")
        #expect(answer.status == 400)
        #expect(try answer.openAIError.param == param)
      }
      #expect(try await gateway.page("/v1/files?after=file-none").status == 404)
    }
  }

  @Test func `a file is its owner's alone`() async throws {
    try await TestGateway.guarded { gateway in
      let alice = try await gateway.token("alice", [.read, .submit]).token
      let root = try await gateway.token("root", Set(AccessScope.allCases)).token
      let id = try await gateway.file("x", headers: [.authorization: "Bearer \(alice)"])
      func ask(_ method: HTTPRequest.Method, _ path: String, _ token: String) async throws -> Answer {
        try await gateway.send(method, "/v1/files" + path, headers: [.authorization: "Bearer \(token)"])
      }
      #expect(try await ask(.get, "/\(id)", alice).status == 200)
      for (method, path) in [(HTTPRequest.Method.get, "/\(id)"), (.get, "/\(id)/content"), (.delete, "/\(id)")] {
        #expect(try await ask(method, path, root).status == 404)
      }
      #expect(try await (ask(.get, "", root).object["data"] as? [Any])?.isEmpty == true)
      #expect(try await ask(.get, "", alice).text.contains(id))
    }
  }

  @Test func `files count as uploads, and more than an owner may have is 429`() async throws {
    try await TestGateway.run(configure: { $0.limits.sourceBytes = 1 << 20 }) { gateway in
      _ = try await gateway.file(String(repeating: "a", count: 600_000))
      let answer = try await gateway.upload(String(repeating: "a", count: 600_000))
      #expect(answer.status == 429)
      #expect(answer.text.contains("source_megabytes"), "\(answer.text)")
      #expect(gateway.coordinator.files.list().count == 1)
    }
  }

  @Test func `after a restart what is named is there, and what nobody names is gone`() async throws {
    let folder = try TemporaryFolder()
    var id = ""
    try await TestGateway.run(in: folder) { id = try await $0.file("kept") }
    // Somebody died before this was named.
    _ = try folder.write("lost", to: "data/files/file-lost")
    try await TestGateway.run(in: folder) { gateway in
      #expect(gateway.coordinator.files.list() == [id])
      let content = try await gateway.page("/v1/files/\(id)/content")
      #expect(content.text == "kept")
    }
  }

  @Test func `a file whose time is over goes, unless the clock has jumped`() async throws {
    try await TestGateway.run { gateway in
      let id = try await gateway.file("x")
      try await gateway.coordinator.perform { turn in
        _ = try turn.store.change("UPDATE api_files SET expires_at = 1 WHERE id = :id", ["id": id])
      }
      try await gateway.coordinator.perform { turn in
        // An hour and more ahead of what it should be.
        turn.state.clock = ClockWatch(
          nil, keepDays: nil, now: Moment(instant: turn.now.instant, time: turn.now.time - 90_000))
      }
      try await gateway.coordinator.expireFiles()
      #expect(gateway.coordinator.files.list() == [id])
      _ = try await gateway.coordinator.confirmExpiry()
      try await gateway.coordinator.expireFiles()
      #expect(gateway.coordinator.files.list().isEmpty)
      #expect(try await gateway.page("/v1/files/\(id)").status == 404)
    }
  }
}
