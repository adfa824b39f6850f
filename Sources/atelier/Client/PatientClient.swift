import Foundation

/// Asks a coordinator that may be away for a while: it is being started again, or this machine was asleep.
struct PatientClient: CoordinatorQuestions {
  let client: any CoordinatorQuestions
  /// Between two attempts.
  var pause = Duration.seconds(1)
  /// Called when the coordinator does not answer, once for each time that it is away.
  var isAway: @Sendable () -> Void = sayAway

  /// - Throws: as the client, but `unavailable` only when ``Patience`` is over.
  func bytes(_ path: String) async throws -> Data {
    try await Patience.waitOut(pause: pause, isAway: isAway) { try await client.bytes(path) }
  }

  /// Tells a person what is waited for.
  static func sayAway() { standardError("the coordinator does not answer; waiting for it") }
}
