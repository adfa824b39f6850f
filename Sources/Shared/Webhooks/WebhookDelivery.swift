/// An event on its way to somebody who is to be told of it; it is kept until it was taken. Times are seconds since 1970.
package struct WebhookDelivery: Sendable, Equatable {
  /// Of the event, `evt_` and random characters: the same at each try.
  package var event: String
  /// Where it is sent.
  package var url: String
  /// What is sent, JSON.
  package var body: String
  package var createdAt: Double
  /// How often it was tried.
  package var attempts: Int
  /// When it is tried next.
  package var nextAt: Double

  package init(event: String, url: String, body: String, createdAt: Double, attempts: Int = 0, nextAt: Double) {
    self.event = event
    self.url = url
    self.body = body
    self.createdAt = createdAt
    self.attempts = attempts
    self.nextAt = nextAt
  }

  /// For how long it is tried, in seconds.
  package static let lifetime = 72.0 * 3600
  /// The longest pause between two tries, in seconds.
  package static let longestPause = 4.0 * 3600
  private static let firstPause = 5.0

  /// Notes a try that was not taken.
  ///
  /// - Parameter jitter: from 0 to 1, so that many do not come at once.
  /// - Returns: whether it is to be tried again.
  package mutating func failed(at now: Double, jitter: Double) -> Bool {
    // Doubled fifteen times it is the longest.
    let pause = min(Self.firstPause * Double(1 << min(attempts, 15)), Self.longestPause)
    attempts += 1
    nextAt = now + pause * (0.9 + 0.2 * jitter)
    return nextAt <= createdAt + Self.lifetime
  }
}
