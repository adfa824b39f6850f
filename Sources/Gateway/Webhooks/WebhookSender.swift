import AsyncHTTPClient
import Coordinator
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Shared

/// Sends events to those of the configuration who want to be told, signed as Standard Webhooks has it, and again until
/// they are taken (a status of 2xx) or three days old.
///
/// An address is looked up, checked, and then connected to, so that what was checked is what is asked; no answer sends
/// it elsewhere. Without `private` only addresses of the public internet are asked.
struct WebhookSender: Sendable {
  let coordinator: Coordinator
  /// What each endpoint's events are signed with, by its URL.
  private let endpoints: [String: (endpoint: WebhookEndpoint, secret: WebhookSecret)]
  private let logger: Logger

  /// How long a receiver may take.
  private static let timeout = TimeAmount.seconds(20)
  private static let atOnce = 8

  /// - Throws: `configuration` if the file of a secret is none, or others can read that of the coordinator; `system` if
  ///   one cannot be read or written.
  init(to coordinator: Coordinator, logger: Logger) throws(AtelierError) {
    self.coordinator = coordinator
    self.logger = logger
    var endpoints: [String: (endpoint: WebhookEndpoint, secret: WebhookSecret)] = [:]
    for endpoint in coordinator.webhookEndpoints {
      let secret =
        if let file = endpoint.secretFile { try Self.secret(inFile: file) } else {
          try WebhookSecret.kept(in: coordinator.dataFolder)
        }
      endpoints[endpoint.url] = (endpoint, secret)
    }
    self.endpoints = endpoints
  }

  private static func secret(inFile file: String) throws(AtelierError) -> WebhookSecret {
    do {
      return try WebhookSecret(try String(contentsOfFile: file, encoding: .utf8))
    } catch let error as AtelierError {
      throw AtelierError(.configuration, "'\(file)': \(error.message)")
    } catch {
      throw AtelierError("Cannot read the secret of a webhook, '\(file)'", system: error)
    }
  }

  /// Sends what is due, once each.
  func pass() async throws {
    let due = try await coordinator.dueDeliveries(limit: Self.atOnce)
    await withTaskGroup(of: Void.self) { group in
      for delivery in due {
        group.addTask {
          do {
            try await deliver(delivery)
          } catch {
            logger.warning("cannot note what came of a webhook", metadata: ["error": "\(error)"])
          }
        }
      }
    }
  }

  private func deliver(_ delivery: WebhookDelivery) async throws {
    let metadata: Logger.Metadata = ["event": "\(delivery.event)", "url": "\(delivery.url)"]
    guard let (endpoint, secret) = endpoints[delivery.url] else {
      logger.warning("an event is dropped: cluster.yaml has no such webhook any more", metadata: metadata)
      return try await coordinator.endDelivery(delivery)
    }
    do {
      try await send(delivery, to: endpoint, signedWith: secret)
      try await coordinator.endDelivery(delivery)
      logger.info("event taken", metadata: metadata)
    } catch {
      let reason = Logger.MetadataValue("\(error)")
      if let next = try await coordinator.postpone(delivery, jitter: .random(in: 0...1)) {
        logger.warning(
          "event not taken; it is sent again",
          metadata: metadata.merging(["reason": reason, "attempts": "\(next.attempts)"]) { $1 })
      } else {
        logger.error("event given up after three days", metadata: metadata.merging(["reason": reason]) { $1 })
      }
    }
  }

  /// Sends an event once.
  ///
  /// - Throws: `denied` for an address that may not be asked, `unavailable` if nobody takes it.
  func send(
    _ delivery: WebhookDelivery, to endpoint: WebhookEndpoint, signedWith secret: WebhookSecret
  ) async throws {
    guard let url = URL(string: endpoint.url), let host = url.host else {
      throw AtelierError(.configuration, "'\(endpoint.url)' is no address.")
    }
    let addresses = try await coordinator.blocking.run {
      try InternetAddress.resolve(host.trimmingCharacters(in: ["[", "]"]))
    }
    if !endpoint.isPrivateAllowed, let other = addresses.first(where: { !$0.isPublic }) {
      throw AtelierError(
        .denied, "'\(host)' is at \(other), which is no address of the public internet; 'private: true' allows that.")
    }
    guard !addresses.isEmpty else { throw AtelierError(.unavailable, "The host '\(host)' has no address.") }
    // Another each time, if one does not answer.
    let address = addresses[delivery.attempts % addresses.count]
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.timeout.connect = .seconds(10)
    if InternetAddress(host.trimmingCharacters(in: ["[", "]"])) == nil {
      configuration.dnsOverride = [host: address.description]
    }
    configuration.connectionPool.retryConnectionEstablishment = false
    var request = HTTPClientRequest(url: endpoint.url)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.headers.add(name: "User-Agent", value: "Atelier/\(AtelierVersion.current)")
    for (name, value) in secret.headers(
      id: delivery.event, timestamp: Int(Date().timeIntervalSince1970), body: delivery.body)
    {
      request.headers.add(name: name, value: value)
    }
    request.body = .bytes(ByteBuffer(string: delivery.body))
    let client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    let result: Result<UInt, any Error>
    do {
      // What it says beside the status is nothing to us.
      result = .success(try await client.execute(request, timeout: Self.timeout).status.code)
    } catch {
      result = .failure(error)
    }
    try? await client.shutdown()
    switch result {
    case .success(200..<300): return
    case .success(let status): throw AtelierError(.unavailable, "It answers with status \(status).")
    case .failure(let error): throw AtelierError(.unavailable, "It does not answer.", cause: error)
    }
  }
}
