import Shared
import Testing

@Suite struct WorkerKeyRouteTests {
  @Test func `where workers prove nothing there are no keys, and asking for a token says what to do`() async throws {
    try await TestGateway.run { gateway in
      let keys = try await gateway.get("worker-keys")
      #expect(keys.status == 200)
      #expect(try keys.decoded(as: [WorkerKeyStatus].self).isEmpty)
      for (path, words) in [
        ("worker-tokens", "workers: curve"), ("worker-tokens?pool=kitchen", "must be prior or decoder"),
        ("worker-tokens?ttl=soon", "'ttl' is 'soon'"), ("keys/workers/rotate?overlap=x", "'overlap' is 'x'"),
        ("keys/workers/rotate", "workers: curve"), ("worker-keys/x/revoke", "workers: curve"),
      ] {
        let answer = try await gateway.post(path)
        #expect(answer.status != 200 && answer.status != 201)
        #expect(answer.text.contains(words), "\(answer.text)")
      }
    }
  }
}
