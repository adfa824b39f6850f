import Logging
import Shared
import Testing

@testable import Gateway

/// Where HTTP is served.
@Suite struct HTTPAddressTests {
  @Test(
    arguments: [
      ("127.0.0.1:8080", "127.0.0.1", 8080), ("localhost:0", "localhost", 0), ("0.0.0.0:65535", "0.0.0.0", 65535),
      ("::1:8080", "::1", 8080), ("[::1]:8080", "::1", 8080), ("[::]:0", "::", 0),
    ] as [(String, String, Int)])
  func `an address is a host and a port`(text: String, host: String, port: Int) throws {
    let address = try HTTPAddress.parse(text)
    #expect(address.host == host)
    #expect(address.port == port)
  }

  @Test(arguments: [
    "", "localhost", ":8080", "localhost:", "localhost:http", "localhost:65536", "localhost:-1", "8080",
  ])
  func `what is no address is one sentence that names it and the setting`(text: String) {
    let error = #expect(throws: AtelierError.self) { _ = try HTTPAddress.parse(text) }
    #expect(error?.code == .configuration)
    #expect(error?.message == "'\(text)' is no HTTP address; 'coordinator.http' must be like 127.0.0.1:8080.")
  }

  @Test func `a service is refused for an address that is none, before anything listens`() async throws {
    try await TestGateway.run { gateway in
      let error = #expect(throws: AtelierError.self) {
        _ = try Gateway.service(
          for: gateway.coordinator, address: "nowhere", door: gateway.door, logger: Logger(label: "test"))
      }
      #expect(error?.code == .configuration)
    }
  }
}
