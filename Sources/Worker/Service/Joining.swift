import Foundation
package import Logging
package import Shared

/// A machine that asks a coordinator to be admitted, with a token: it makes a key of its own, of which only the public
/// half goes out, and keeps where the coordinator is.
package enum Joining {
  /// How long an answer is waited for.
  package static let patience = Duration.seconds(30)
  private static let pause = Duration.seconds(1)

  /// Joins, unless this folder has joined by this token already.
  ///
  /// - Parameters:
  ///   - name: for people, such as that of the host.
  ///   - folder: where key and coordinator are kept.
  /// - Returns: how the worker proves itself from then on, with the address.
  /// - Throws: `unavailable` with the coordinator's words if it refuses, or if it does not answer; `system` if the
  ///   folder cannot be written.
  package static func join(
    _ token: WorkerToken, as name: String, in folder: KeyFolder, patience: Duration = patience, logger: Logger
  ) throws -> (membership: WorkerMembership, curve: CurveClient) {
    let membership = WorkerMembership(token)
    if let known = try WorkerMembership(in: folder) {
      // What it has learned since of the coordinator's keys counts, not the token's.
      if known.invitation == membership.invitation {
        return (known, try known.curve(folder.keyPair(WorkerMembership.key)))
      }
      // A key that was revoked is so for good.
      try folder.write(CurveKeyPair().secretBytes, to: WorkerMembership.key)
    }
    let keys = try folder.keyPair(WorkerMembership.key)
    try ask(token.address, token.curve, "this token", for: keys.publicKey, name, patience, logger)
    try membership.save(in: folder)
    logger.notice("joined", metadata: ["coordinator": "\(token.address)", "key": "\(keys.publicKey)"])
    return (membership, try membership.curve(keys))
  }

  /// Has a new key take the place of the one that this folder has joined with: the coordinator lists it under the same
  /// name, and the old one is worth nothing once the new one is used. What was cut off is gone on with the next time.
  ///
  /// - Returns: how the worker proves itself from then on.
  /// - Throws: as ``join(_:as:in:patience:logger:)``; the old key is good then.
  package static func renewKey(
    of membership: WorkerMembership, as name: String, in folder: KeyFolder, patience: Duration = patience,
    logger: Logger
  ) throws -> CurveClient {
    let old = try membership.curve(folder.keyPair(WorkerMembership.key))
    var new = try folder.keyPair(WorkerMembership.nextKey)
    if new.publicKey == old.keys.publicKey {
      // The last time ended between the two files.
      try folder.remove(WorkerMembership.nextKey)
      new = try folder.keyPair(WorkerMembership.nextKey)
    }
    try ask(membership.address, old, "this worker's key", for: new.publicKey, name, patience, logger)
    try folder.write(new.secretBytes, to: WorkerMembership.key)
    try folder.remove(WorkerMembership.nextKey)
    logger.notice("the key was replaced", metadata: ["old": "\(old.keys.publicKey)", "new": "\(new.publicKey)"])
    return try membership.curve(new)
  }

  /// Asks until there is an answer.
  ///
  /// - Parameter what: it asks with, for people.
  private static func ask(
    _ address: String, _ curve: CurveClient, _ what: String, for key: CurveKey, _ name: String, _ patience: Duration,
    _ logger: Logger
  ) throws {
    let mailbox = Mailbox<[[UInt8]]>(capacity: 16)
    let transport = try ZeroMQTransport(
      role: .worker(connect: address, curve: curve),
      handler: TransportHandler(
        received: { frames, _ in mailbox.put(frames) }, undeliverable: { _ in }, refused: { mailbox.put([]) }),
      logger: logger)
    // The other way round the transport's thread could wait for room.
    defer { transport.close() }
    defer { mailbox.close() }
    var join = Wire.Join()
    join.publicKey = Data(key.bytes)
    join.name = String(name.prefix(64))
    var envelope = Wire.FromWorker()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.body = .join(join)
    let request = try WireMessage(envelope).encoded()
    let end = ContinuousClock.now + patience
    while ContinuousClock.now < end {
      transport.send(request, to: "")
      for frames in mailbox.takeAll(waitingUpTo: pause) ?? [] {
        guard !frames.isEmpty else {
          throw AtelierError(
            .unavailable,
            "The coordinator at \(address) does not know \(what), or no more. 'atelier worker-token' makes a new token."
          )
        }
        switch try WireMessage<Wire.FromCoordinator>(decoding: frames).envelope.body {
        case .joined?: return
        case .refusal(let refusal)?:
          throw AtelierError(
            .unavailable, "The coordinator at \(address) does not let this worker in: \(refusal.reason)")
        default: break
        }
      }
    }
    throw AtelierError(
      .unavailable,
      "The coordinator at \(address) does not answer. It may not be there, or have another key than \(what) was made for: 'atelier worker-token' makes a new token."
    )
  }
}
