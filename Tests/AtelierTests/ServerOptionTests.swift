import ArgumentParser
import Shared
import Testing

@testable import atelier

/// Where a coordinator is asked.
@Suite struct ServerOptionTests {
  @Test(arguments: ["http://127.0.0.1:8080", "https://example.org", "http://[::1]:8080", "http://a:65535/"])
  func `a URL is taken as it is`(url: String) throws {
    #expect(try ServerOption.parse(["--server", url]).client().base == url)
  }

  @Test(arguments: [
    "http://127.0.0.1:99999", "http://127.0.0.1:0", "127.0.0.1:8080", "ftp://127.0.0.1", "http://", "nonsense",
    "http://a b",
  ])
  func `what is none is one sentence that names it`(url: String) throws {
    let option = try ServerOption.parse(["--server", url])
    let error = #expect(throws: AtelierError.self) { _ = try option.client() }
    #expect(error?.code == .configuration)
    #expect(error?.message == "'\(url)' is no URL of a coordinator; '--server' must be like http://127.0.0.1:8080.")
  }

  @Test func `a worker on the coordinator's machine finds one that listens on all addresses`() {
    #expect(WorkerCommand.reachable("tcp://0.0.0.0:1") == "tcp://127.0.0.1:1")
    #expect(WorkerCommand.reachable("tcp://*:1") == "tcp://127.0.0.1:1")
    #expect(WorkerCommand.reachable("tcp://[::]:1") == "tcp://[::1]:1")
    #expect(WorkerCommand.reachable("tcp://10.0.0.5:1") == "tcp://10.0.0.5:1")
  }

  @Test(arguments: [
    ("decoder-host7-4211-1x9k2z", "decoder-host7-4211-1x9k2z"), ("gpu-7.example.org", "gpu-7.example.org"),
    ("a b/c?d#e", "a%20b%2Fc%3Fd%23e"), ("tcp://[::1]:5555", "tcp%3A%2F%2F%5B%3A%3A1%5D%3A5555"), ("é%", "%C3%A9%25"),
  ])
  func `a name becomes one word of a URL`(name: String, word: String) {
    #expect(name.asURLWord == word)
  }
}
