/// Who is told over HTTP that a batch has ended: an entry of `webhooks` in cluster.yaml.
package struct WebhookEndpoint: Sendable, Equatable {
  /// Where events are sent, `https` or `http`; by it the store knows what is still to be delivered.
  package var url: String
  /// The file with what they are signed with, `whsec_` and base64; nil for the coordinator's own.
  package var secretFile: String?
  /// What it is told of.
  package var events: Set<String> = Set(Self.events)
  /// Whose batches it is told of; nil for everybody's.
  package var owner: String?
  /// Whether it may be at an address that is no public one.
  package var isPrivateAllowed = false

  package init(url: String) { self.url = url }

  /// All that there is to be told of.
  package static let events = ["batch.completed", "batch.failed", "batch.expired", "batch.cancelled"]

  /// Whether it is to be told of an event.
  package func wants(_ event: String, of owner: String) -> Bool {
    events.contains(event) && (self.owner == nil || self.owner == owner)
  }
}
