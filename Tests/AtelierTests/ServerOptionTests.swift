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
}
