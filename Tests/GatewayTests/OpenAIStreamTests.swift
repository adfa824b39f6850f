import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Shared
import Synchronization
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway

/// Answers that come as events.
@Suite struct OpenAIStreamTests {
  /// Unfinished pictures, and who is told once all are taken.
  private final class Partials: Sendable {
    private let left: Mutex<[[UInt8]]>
    private let asked = Mutex<[Int]>([])
    private let drained = AsyncStream<Void>.makeStream()

    init(_ pictures: [[UInt8]]) { left = Mutex(pictures) }

    func stream(_ job: JobID, _ count: Int) -> AsyncStream<[UInt8]> {
      asked.withLock { $0.append(count) }
      return AsyncStream { [self] in
        let next = left.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if next == nil { drained.continuation.finish() }
        return next
      }
    }

    func taken() async { for await _ in drained.stream {} }
    var counts: [Int] { asked.withLock { $0 } }
  }

  private struct Event {
    var name: String
    var data: [String: Any]
  }

  private func events(_ answer: Answer) throws -> [Event] {
    try answer.text.components(separatedBy: "\n\n").filter { !$0.isEmpty && !$0.hasPrefix(":") }.map { text in
      let lines = text.split(separator: "\n").map(String.init)
      try #require(lines.count == 2 && lines[0].hasPrefix("event: ") && lines[1].hasPrefix("data: "), "\(text)")
      let data = try JSONSerialization.jsonObject(with: Data(lines[1].dropFirst(6).utf8))
      return Event(name: String(lines[0].dropFirst(7)), data: try #require(data as? [String: Any]))
    }
  }

  /// Sends a body to a gateway that shows unfinished pictures, and finishes the job when they are taken.
  private func answer(
    _ gateway: TestGateway, _ partials: Partials, _ path: String, _ body: [UInt8], type: String,
    waits: Bool = true, finish: (JobID) async throws -> Void
  ) async throws -> Answer {
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let router = Gateway.router(
      for: gateway.coordinator, door: gateway.door, logger: logger, partials: { partials.stream($0, $1) })
    let application = Application(router: router, logger: logger)
    async let response = application.test(.router) { client in
      try await client.executeRequest(
        uri: path, method: .post, headers: [.contentType: type], body: ByteBuffer(bytes: body))
    }
    let job = try await gateway.waitingJob()
    if waits { await partials.taken() }
    try await finish(job)
    return Answer(try await response)
  }

  @Test func `unfinished pictures come first, as the client's types read them`() async throws {
    try await TestGateway.run { gateway in
      let partials = Partials([png(16), png(32)])
      let answer = try await answer(
        gateway, partials, "/v1/images/generations",
        Array(#"{"prompt": "a", "stream": true, "partial_images": 2, "size": "256x256"}"#.utf8),
        type: "application/json"
      ) { try await gateway.finish($0) }
      #expect(answer.status == 200)
      #expect(answer.type == "text/event-stream; charset=utf-8")
      #expect(partials.counts == [2])
      let events = try events(answer)
      #expect(
        events.map(\.name) == [
          "image_generation.partial_image", "image_generation.partial_image", "image_generation.completed",
        ])
      for (index, event) in events.enumerated() {
        #expect(event.data["type"] as? String == event.name)
        #expect(event.data["quality"] as? String == "auto")
        #expect(event.data["background"] as? String == "opaque")
        #expect(event.data["output_format"] as? String == "png")
        #expect((event.data["created_at"] as? Int).map { $0 > 1_600_000_000 } == true)
        #expect(event.data["partial_image_index"] as? Int == (index < 2 ? index : nil))
      }
      #expect(events.compactMap { $0.data["size"] as? String } == ["16x16", "32x32", "256x256"])
      let pictures = events.compactMap { ($0.data["b64_json"] as? String).flatMap { Data(base64Encoded: $0) } }
      #expect(pictures == [Data(png(16)), Data(png(32)), Data(TestGateway.picture("a"))])
      let usage = try #require(events.last?.data["usage"] as? [String: Any])
      #expect(Set(usage.keys) == ["input_tokens", "input_tokens_details", "output_tokens", "total_tokens"])
      let details = try #require(usage["input_tokens_details"] as? [String: Int])
      #expect(details == ["image_tokens": 0, "text_tokens": 0])
    }
  }

  @Test func `events of an edit have names of their own`() async throws {
    try await TestGateway.run { gateway in
      let form = Form().text("prompt", "a").text("stream", "true").text("partial_images", "1").file("image", png(64))
      let answer = try await answer(
        gateway, Partials([png(16), png(16)]), "/v1/images/edits", form.bytes,
        type: "multipart/form-data; boundary=\(Form.boundary)"
      ) { try await gateway.finish($0) }
      // More than was asked for is not sent.
      #expect(try events(answer).map(\.name) == ["image_edit.partial_image", "image_edit.completed"])
    }
  }

  @Test(arguments: ["", #", "partial_images": 0"#])
  func `without partial pictures there is one event, and nobody watches`(field: String) async throws {
    try await TestGateway.run { gateway in
      let partials = Partials([png(16)])
      let answer = try await answer(
        gateway, partials, "/v1/images/generations", Array(#"{"prompt": "a", "stream": true\#(field)}"#.utf8),
        type: "application/json", waits: false
      ) { try await gateway.finish($0) }
      #expect(try events(answer).map(\.name) == ["image_generation.completed"])
      #expect(partials.counts.isEmpty)
    }
  }

  @Test func `a picture that fails ends its stream with an error`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await answer(
        gateway, Partials([]), "/v1/images/generations", Array(#"{"prompt": "a", "stream": true}"#.utf8),
        type: "application/json", waits: false
      ) { try await gateway.fail($0, reasons: ["The memory is full."]) }
      let events = try events(answer)
      #expect(events.map(\.name) == ["error"])
      let error = try #require(events.first?.data["error"] as? [String: Any])
      #expect((error["message"] as? String)?.contains("The memory is full.") == true)
      #expect(error["code"] as? String == "image_generation_failed")
    }
  }

  @Test func `what is wrong is told by the status, not in the stream`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.ask("images/generations", #"{"prompt": "a", "stream": true, "model": "none"}"#)
      #expect(answer.status == 404)
      #expect(try answer.openAIError.code == "model_not_found")
    }
  }
}
