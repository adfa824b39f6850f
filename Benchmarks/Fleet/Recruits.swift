import Foundation
import Shared

/// How simulated workers get in where workers prove who they are: all by one token, each with a key of its own.
enum Recruits {
  private static let patience = Duration.seconds(60)

  /// Has so many keys admitted.
  ///
  /// - Returns: how each worker proves itself from then on.
  /// - Throws: `unavailable` with the coordinator's words, or if it has not admitted all in a minute.
  static func join(_ token: WorkerToken, count: Int) throws -> [CurveClient] {
    let keys = try (0..<count).map { _ in try CurveKeyPair() }
    let invited = CurveClient(keys: token.invitation, server: token.server)
    let wire = try ZeroMQFleet(connect: token.address, curves: Array(repeating: invited, count: count))
    defer { wire.close() }
    let requests = try keys.map { try request($0.publicKey) }
    var (unsent, waiting) = (Set(keys.indices), Set(keys.indices))
    let end = ContinuousClock.now + patience
    while !waiting.isEmpty {
      guard ContinuousClock.now < end else {
        throw AtelierError(
          .unavailable, "The coordinator at \(token.address) has not admitted \(waiting.count) of \(count) workers.")
      }
      // Nothing is kept for a coordinator that is not connected yet.
      unsent = unsent.filter { !wire.send(requests[$0], from: $0) }
      try wire.poll(upTo: .milliseconds(20)) { frames, index in
        switch try WireMessage<Wire.FromCoordinator>(decoding: frames).envelope.body {
        case .joined?: waiting.remove(index)
        case .refusal(let refusal)?: throw AtelierError(.unavailable, refusal.reason)
        default: break
        }
      }
    }
    return keys.map { CurveClient(keys: $0, server: token.server) }
  }

  private static func request(_ key: CurveKey) throws -> [[UInt8]] {
    var join = Wire.Join()
    join.publicKey = Data(key.bytes)
    join.name = "fleet"
    var envelope = Wire.FromWorker()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.body = .join(join)
    return try WireMessage(envelope).encoded()
  }
}
