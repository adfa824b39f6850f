/// An event as receivers of webhooks read it.
package struct WebhookEvent: Sendable {
  /// `evt_` and random characters.
  package var id: String
  /// Such as `batch.completed`.
  package var type: String
  /// In seconds since 1970.
  package var createdAt: Int
  /// What it is of: the id of a batch.
  package var subject: String

  package init(id: String, type: String, createdAt: Int, subject: String) {
    self.id = id
    self.type = type
    self.createdAt = createdAt
    self.subject = subject
  }

  /// As it is sent, JSON. Ids and types have no characters that would need to be escaped.
  package var body: String {
    "{\"id\":\"\(id)\",\"object\":\"event\",\"created_at\":\(createdAt),\"type\":\"\(type)\","
      + "\"data\":{\"id\":\"\(subject)\"}}"
  }
}
