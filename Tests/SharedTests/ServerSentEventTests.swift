import Shared
import Testing

@Suite struct ServerSentEventTests {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `an event is what the standard says`() {
    #expect(
      text(ServerSentEvent.event("job", id: "7-3", data: "{}".utf8)) == "id: 7-3\nevent: job\ndata: {}\n\n")
    #expect(text(ServerSentEvent.event(nil, data: "a".utf8)) == "data: a\n\n")
    #expect(text(ServerSentEvent.comment) == ": \n\n")
    #expect(text(ServerSentEvent.retry(milliseconds: 2000)) == "retry: 2000\n\n")
  }

  @Test func `no data ends an event or begins another`() {
    #expect(
      text(ServerSentEvent.event("x", data: "a\n\nevent: y\r\ndata: b".utf8))
        == "event: x\ndata: a\ndata: \ndata: event: y\ndata: data: b\n\n")
  }
}
