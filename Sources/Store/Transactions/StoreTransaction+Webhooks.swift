package import Shared

/// Events that are still to be taken by those who are to be told.
extension StoreTransaction {
  /// Keeps an event until it was taken.
  package func add(_ delivery: WebhookDelivery) throws {
    try change(
      """
      INSERT INTO webhook_deliveries (event, url, body, created_at, attempts, next_at)
      VALUES (:event, :url, :body, :created_at, :attempts, :next_at)
      """,
      [
        "event": delivery.event, "url": delivery.url, "body": delivery.body, "created_at": delivery.createdAt,
        "attempts": delivery.attempts, "next_at": delivery.nextAt,
      ])
  }

  /// Those that are due, the first due first; also such as are due later than any can be, because the clock was set.
  package func dueDeliveries(at now: Double, limit: Int) throws -> [WebhookDelivery] {
    try rows(
      """
      SELECT event, url, body, created_at, attempts, next_at FROM webhook_deliveries
      WHERE next_at <= :now OR next_at > :latest ORDER BY next_at LIMIT :limit
      """, ["now": now, "latest": now + 2 * WebhookDelivery.longestPause, "limit": limit]
    ) { row in
      WebhookDelivery(
        event: try row.value("event"), url: try row.value("url"), body: try row.value("body"),
        createdAt: try row.value("created_at"), attempts: try row.value("attempts"), nextAt: try row.value("next_at"))
    }
  }

  /// Notes when an event is tried next.
  package func update(_ delivery: WebhookDelivery) throws {
    try change(
      """
      UPDATE webhook_deliveries SET attempts = :attempts, next_at = :next_at WHERE event = :event AND url = :url
      """,
      [
        "event": delivery.event, "url": delivery.url, "attempts": delivery.attempts, "next_at": delivery.nextAt,
      ])
  }

  /// An event was taken, or is given up.
  package func remove(_ delivery: WebhookDelivery) throws {
    try change(
      "DELETE FROM webhook_deliveries WHERE event = :event AND url = :url",
      ["event": delivery.event, "url": delivery.url])
  }
}
