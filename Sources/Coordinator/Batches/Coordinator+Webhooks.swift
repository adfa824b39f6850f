package import Shared
import Store

/// Who is told of batches that have ended.
extension Coordinator {
  /// Those of the configuration.
  package var webhookEndpoints: [WebhookEndpoint] { webhooks }

  /// Events that are due to be sent.
  package func dueDeliveries(limit: Int) async throws -> [WebhookDelivery] {
    let now = Moment.current.time
    return try await store.read { try $0.dueDeliveries(at: now, limit: limit) }
  }

  /// An event was taken, or is given up: it is not sent again.
  package func endDelivery(_ delivery: WebhookDelivery) async throws {
    try await perform { try $0.store.remove(delivery) }
  }

  /// An event was not taken: it is sent again later, or given up after three days.
  ///
  /// - Parameter jitter: from 0 to 1.
  /// - Returns: it, with the time of the next try; nil if it is given up.
  package func postpone(_ delivery: WebhookDelivery, jitter: Double) async throws -> WebhookDelivery? {
    try await perform { turn in
      var delivery = delivery
      guard delivery.failed(at: turn.now.time, jitter: jitter) else {
        try turn.store.remove(delivery)
        return nil
      }
      try turn.store.update(delivery)
      return delivery
    }
  }
}
