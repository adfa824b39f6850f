import Foundation
import Logging
import Shared
import Store

/// Takes what arrives from workers, on the transport's thread: asks the gate whose it is, and only then compares what
/// the message brings with its digests. What counts goes to the next turn.
struct WorkerReception: Sendable {
  private let link: WorkerLink
  private let admissions: WorkerAdmissions?
  private let snapshot: Snapshot
  private let staging: PictureStaging
  private let previews: PreviewBoard
  private let mailbox: Mailbox<TurnEngine.Event>
  private let logger: Logger
  private let strangers: BoundedLog

  init(
    link: WorkerLink, admissions: WorkerAdmissions?, snapshot: Snapshot, staging: PictureStaging,
    previews: PreviewBoard, mailbox: Mailbox<TurnEngine.Event>, logger: Logger
  ) {
    self.link = link
    self.admissions = admissions
    self.snapshot = snapshot
    self.staging = staging
    self.previews = previews
    self.mailbox = mailbox
    self.logger = logger
    strangers = BoundedLog(logger)
  }

  @Sendable func receive(_ frames: [[UInt8]], from peer: Peer) {
    let bytes = frames.reduce(0) { $0 + $1.count }
    snapshot.received(bytes)
    do throws(AtelierError) {
      let message = try Arrival.message(frames)
      switch link.gate.decide(message.envelope, from: peer, isKnown: { snapshot.state.registry[$0] != nil }) {
      case .pass(let worker, let replaced):
        if let replaced { mailbox.put(.replaced(replaced)) }
        noteSeen(peer.key)
        if case .preview(let preview)? = message.envelope.body {
          try show(preview, message, from: worker)
          break
        }
        let arrival = Arrival(message, bytes: bytes) { snapshot.holds($0, by: worker) }
        if arrival.bringsPicture {
          staging.put(arrival, from: worker)
        } else {
          mailbox.put(.message(arrival, from: worker), bytes: bytes)
        }
      case .join(let join, let invitation): self.join(join, by: invitation, on: peer.route)
      case .answer(let body):
        link.answer(body, on: peer.route)
        // Who is asked to introduce itself is most often a worker that has lost its connection.
        if case .refusal(let refusal) = body { ignored(message.envelope.workerID, refusal.reason) }
      case .ignore(let reason): ignored(message.envelope.workerID, reason)
      }
    } catch {
      ignored(peer.key?.fingerprint ?? "", "\(error)")
    }
  }

  /// Shows a preview to who watches. One of an attempt that its worker does not hold, or that nobody watches, is not
  /// even looked at: it may be late.
  ///
  /// - Throws: `malformed`.
  private func show(
    _ wire: Wire.Preview, _ message: WireMessage<Wire.FromWorker>, from worker: WorkerID
  ) throws(AtelierError) {
    guard message.envelope.protocolVersion == Wire.protocolVersion,
      let lease = snapshot.lease(of: TaskAttempt(wire.task), by: worker), let picture = lease.picture,
      previews.isWatched(picture)
    else { return }
    let preview = try TaskPreview(wire, frames: message.frames)
    previews.take(
      PicturePreview(
        picture: picture, stage: lease.stage, pass: preview.pass, step: preview.step, steps: preview.steps,
        done: preview.done, bytes: preview.picture.bytes, mediaType: "image/png",
        size: PictureSize(width: preview.picture.shape[1], height: preview.picture.shape[0])))
  }

  private func ignored(_ who: String, _ reason: String) {
    snapshot.ignored()
    strangers.warn("message ignored", ["worker": "\(who.prefix(200))", "reason": "\(reason)"])
  }

  /// Seldom enough to cost nothing.
  private func noteSeen(_ key: CurveKey?) {
    let now = Date().timeIntervalSince1970
    guard let key, admissions?.isToBeNoted(key, at: now) == true else { return }
    request {
      try $0.store.noteSeen(key, at: now)
    } completed: { _ in
    }
  }

  /// A machine asks to be admitted; the answer follows once it is durable.
  private func join(_ join: Wire.Join, by invitation: CurveKey, on route: String) {
    guard let key = CurveKey(bytes: join.publicKey), join.name.utf8.count <= 200 else {
      return refuse("What asks to join brings no key, or a name of more than 200 bytes.", on: route)
    }
    request {
      try $0.store.join(key, name: join.name, by: invitation, at: $0.now.time)
    } completed: { result in
      switch result {
      case .success(let value):
        guard let record = value as? WorkerKeyRecord else { return }
        admissions?.add(record)
        logger.notice("a worker's key has joined", metadata: ["key": "\(key)", "name": "\(record.name)"])
        var joined = Wire.Joined()
        joined.pools = record.pools.map(\.wire)
        link.answer(.joined(joined), on: route)
      case .failure(let error):
        strangers.warn("a worker may not join", ["key": "\(key)", "reason": "\(error)"])
        refuse((error as? AtelierError)?.message ?? "\(error)", on: route)
      }
    }
  }

  private func refuse(_ reason: String, on route: String) {
    var refusal = Wire.Refusal()
    refusal.reason = reason
    link.answer(.refusal(refusal), on: route)
  }

  private func request(
    _ body: @escaping @Sendable (inout Turn) throws -> any Sendable,
    completed: @escaping @Sendable (Result<any Sendable, any Error>) -> Void
  ) {
    mailbox.put(.request(TurnEngine.Request(body: body, completed: completed)))
  }
}
