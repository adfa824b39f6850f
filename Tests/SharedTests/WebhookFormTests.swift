import Shared
import Testing

/// What webhooks are signed with, where they may go, and when they are sent again.
@Suite struct WebhookFormTests {
  /// The example of standardwebhooks.com's own libraries.
  @Test func `a signature is that of Standard Webhooks`() throws {
    let secret = try WebhookSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    let headers = secret.headers(
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: "{\"test\": 2432232314}")
    #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
    #expect(headers.last?.value == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    let other = WebhookSecret()
    #expect(try WebhookSecret(other.text) == other)
    #expect(WebhookSecret() != other)
  }

  @Test(arguments: ["", "whsec_", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ="])
  func `what is no secret is refused`(text: String) {
    let error = #expect(throws: AtelierError.self) { try WebhookSecret(text) }
    #expect(error?.code == .configuration)
  }

  @Test(
    arguments: [
      ("8.8.8.8", true), ("1.1.1.1", true), ("172.32.0.1", true), ("192.167.1.1", true), ("100.128.0.1", true),
      ("127.0.0.1", false), ("127.255.0.1", false), ("0.0.0.0", false), ("10.1.2.3", false), ("172.16.0.1", false),
      ("172.31.255.255", false), ("192.168.0.1", false), ("169.254.169.254", false), ("100.64.0.1", false),
      ("224.0.0.1", false), ("255.255.255.255", false), ("198.18.0.1", false), ("192.0.2.1", false),
      ("2606:4700:4700::1111", true), ("2a00:1450:4001::1", true), ("::1", false), ("::", false), ("fe80::1", false),
      ("fc00::1", false), ("fd12::1", false), ("ff02::1", false), ("::ffff:127.0.0.1", false),
      ("::ffff:8.8.8.8", true), ("64:ff9b::7f00:1", false), ("2002:7f00:1::1", false), ("2001:db8::1", false),
      ("2001::1", false),
    ])
  func `an address is public or not`(text: String, isPublic: Bool) throws {
    let address = try #require(InternetAddress(text))
    #expect(address.isPublic == isPublic)
    #expect(InternetAddress(address.description) == address)
  }

  @Test(arguments: ["", "localhost", "1.2.3", "256.1.1.1", "0x7f000001", "::g"])
  func `what is no address is none`(text: String) { #expect(InternetAddress(text) == nil) }

  @Test func `pauses double up to four hours, and end after three days`() {
    var delivery = WebhookDelivery(event: "evt_a", url: "u", body: "{}", createdAt: 0, nextAt: 0)
    var (now, pauses): (Double, [Double]) = (0, [])
    while delivery.failed(at: now, jitter: 0.5) {
      pauses.append(delivery.nextAt - now)
      now = delivery.nextAt
    }
    #expect(Array(pauses.prefix(4)) == [5, 10, 20, 40])
    #expect(pauses.max() == 14_400.0)
    #expect(now > 68 * 3600 && now <= 72 * 3600)
    #expect(delivery.attempts < 40)
  }

  private func complaint(_ yaml: String) -> String {
    do {
      _ = try ClusterConfiguration(yaml: yaml, name: "cluster.yaml", folder: "/srv")
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `the settings of webhooks are read`() throws {
    let yaml = """
      webhooks:
        - url: https://example.org/hook
          secret: hook.secret
          events: [batch.completed]
          owner: alice
        - url: http://10.0.0.1:9/hook
          private: true
      """
    let read = try ClusterConfiguration(yaml: yaml, name: "cluster.yaml", folder: "/srv").webhooks
    #expect(read.map(\.url) == ["https://example.org/hook", "http://10.0.0.1:9/hook"])
    #expect(read[0].secretFile == "/srv/hook.secret")
    #expect(read[0].wants("batch.completed", of: "alice"))
    #expect(!read[0].wants("batch.completed", of: "bob"))
    #expect(!read[0].wants("batch.failed", of: "alice"))
    #expect(read[1].isPrivateAllowed && read[1].wants("batch.failed", of: "bob"))
  }

  @Test(
    arguments: [
      ("- url: example.org", "is no address"), ("- url: ftp://example.org/", "is no address"),
      ("- url: http://example.org/", "only https"), ("- url: https://a@example.org/", "is no address"),
      ("- url: https://example.org/\n    events: [batch.began]", "there is no event 'batch.began'"),
      ("- url: https://example.org/\n    private: maybe", "true or false"),
      ("- url: https://example.org/\n  - url: https://example.org/", "another webhook"),
    ])
  func `wrong settings of webhooks are named`(entry: String, reason: String) {
    let text = complaint("webhooks:\n  \(entry)\n")
    #expect(text.contains(reason), "\(text)")
    #expect(text.contains("webhooks."), "\(text)")
  }
}
