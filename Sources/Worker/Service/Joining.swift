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
      if known == membership { return (known, try known.curve(folder.keyPair(WorkerMembership.key))) }
      // A key that was revoked is so for good.
      try folder.write(CurveKeyPair().secretBytes, to: WorkerMembership.key)
    }
    let keys = try folder.keyPair(WorkerMembership.key)
    try ask(token, for: keys.publicKey, name, patience, logger)
    try membership.save(in: folder)
    logger.notice("joined", metadata: ["coordinator": "\(token.address)", "key": "\(keys.publicKey)"])
    return (membership, try membership.curve(keys))
  }

  /// Asks until there is an answer.
  private static func ask(
    _ token: WorkerToken, for key: CurveKey, _ name: String, _ patience: Duration, _ logger: Logger
  ) throws {
    let mailbox = Mailbox<[[UInt8]]>(capacity: 16)
    let transport = try ZeroMQTransport(
      role: .worker(connect: token.address, curve: CurveClient(keys: token.invitation, server: token.server)),
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
            "The coordinator at \(token.address) does not know this token, or no more. 'atelier worker-token' makes a new one."
          )
        }
        switch try WireMessage<Wire.FromCoordinator>(decoding: frames).envelope.body {
        case .joined?: return
        case .refusal(let refusal)?:
          throw AtelierError(
            .unavailable, "The coordinator at \(token.address) does not let this worker in: \(refusal.reason)")
        default: break
        }
      }
    }
    throw AtelierError(
      .unavailable,
      "The coordinator at \(token.address) does not answer. It may not be there, or the token may be of another one: 'atelier worker-token' makes a new one."
    )
  }
}
