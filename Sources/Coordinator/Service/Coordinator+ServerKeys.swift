package import Foundation
import Logging
package import Shared

/// The coordinator's own key at the workers' port, and the one that follows it.
extension Coordinator {
  /// - Throws: `wrongState` where workers prove nothing.
  package func serverKeyStatus() throws -> ServerKeyStatus { ServerKeyStatus(try proven().serverKeys) }

  /// Lets a new key follow. Until then workers learn it, and tokens have both; from then on it is the only one, and all
  /// connect anew. Asked again before that, only the time changes.
  ///
  /// - Parameter overlap: how long the old key is used on; up to 30 days.
  /// - Throws: `wrongState` where workers prove nothing, `invalidInput`, `system` if the key cannot be kept.
  package func rotateServerKey(overlap: Duration, at now: Date = Date()) async throws -> ServerKeyStatus {
    let admissions = try proven()
    guard overlap >= .zero, overlap <= .seconds(30 * 86_400) else {
      throw AtelierError(.invalidInput, "The old key would be used for \(overlap) more; it must be 30 days at most.")
    }
    return try await blocking.run { [self] in
      let folder = try keys()
      let changed = try admissions.changeServerKeys {
        try $0.rotated(from: now + overlap / .seconds(1), in: folder)
      }
      let status = ServerKeyStatus(changed)
      logger.notice(
        "another key of the coordinator's follows",
        metadata: [
          "now": "\(status.fingerprint)", "next": "\(status.nextFingerprint ?? "")",
          "from": "\(status.nextFrom?.formatted(.iso8601) ?? "")",
        ])
      return status
    }
  }

  /// Uses the next key if its time has come. One that cannot be kept is tried again at the next turn.
  func switchServerKey(at now: Date) {
    guard let admissions, let next = admissions.serverKeys.next, next.from <= now else { return }
    do {
      let folder = try keys()
      let changed = try admissions.changeServerKeys { try $0.switched(in: folder) }
      link.serve(admissions.server)
      logger.notice(
        "the coordinator has another key; workers connect anew", metadata: ["key": "\(changed.current.publicKey)"])
    } catch {
      logger.error("the coordinator's next key cannot be kept", metadata: ["error": "\(error)"])
    }
  }
}
