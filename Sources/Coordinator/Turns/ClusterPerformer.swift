import Dispatch
import Logging
import Shared
import Store

/// The performer of a real cluster: files, the workers' transport, the log.
struct ClusterPerformer: TurnPerformer {
  let pictures: PictureFolder
  let sources: SourceFolder
  let transport: any Transport
  let logger: Logger
  let previews: PreviewBoard
  /// Told of the bytes that are sent.
  let sent: @Sendable (Int) -> Void
  /// Given what is found on another thread, for a later turn.
  let found: @Sendable (TurnEngine.Event) -> Void
  /// Where files are looked for and removed: they may be many.
  private let removals = DispatchQueue(label: "atelier.coordinator.removals", qos: .utility)

  init(
    pictures: PictureFolder, sources: SourceFolder, transport: any Transport, previews: PreviewBoard,
    logger: Logger, sent: @escaping @Sendable (Int) -> Void, found: @escaping @Sendable (TurnEngine.Event) -> Void
  ) {
    self.pictures = pictures
    self.sources = sources
    self.transport = transport
    self.previews = previews
    self.logger = logger
    self.sent = sent
    self.found = found
  }

  func place(_ placements: [PicturePlacement]) throws(AtelierError) -> [TaskAttempt: String] {
    try pictures.place(placements)
  }

  func perform(_ actions: [Action]) -> [TurnEngine.Event] {
    var events: [TurnEngine.Event] = []
    var messages: [(frames: [[UInt8]], peer: String)] = []
    var reader = SourceReader(sources)
    for action in actions {
      switch action {
      case .send(let body, let worker, let number): messages += encoded(body, [], number, to: worker)
      case .assign(let tasks, let worker, let number):
        var assignment = Wire.Assignment()
        var frames: [[UInt8]] = []
        var files: [String: Wire.Payload] = [:]
        reader.beginMessage()
        for var assigned in tasks {
          let id = assigned.task.id
          do throws(AtelierError) {
            switch try reader.files(assigned.sources) {
            case .read(let sources):
              assigned.task.sources = sources
              assignment.tasks.append(assigned.task.wire(frames: &frames, files: &files))
            case .later: events.append(.heldBack(id, worker: worker))
            }
          } catch  where error.code == .system {
            events.append(.sourceUnreadable(id, worker: worker, reason: error.message))
          } catch {
            events.append(.sourceLost(id, worker: worker, reason: error.message))
          }
        }
        if !assignment.tasks.isEmpty { messages += encoded(.assignment(assignment), frames, number, to: worker) }
      case .discard(let staged): pictures.discard(staged)
      case .removePictures(let jobs): if let removed = remove(jobs) { events.append(removed) }
      case .endPreviews(let picture): previews.end(picture)
      case .lookForSources: lookForSources()
      case .removeSources(let digests, let now): remove(sources: digests, at: now)
      case .log(let level, let message, let metadata): logger.log(level: level, "\(message)", metadata: metadata)
      }
    }
    if !messages.isEmpty {
      transport.send(messages)
      sent(messages.reduce(0) { $0 + $1.frames.reduce(0) { $0 + $1.count } })
    }
    return events
  }

  /// A message with its frames; none, and a line in the log, if it cannot be encoded.
  private func encoded(
    _ body: Wire.FromCoordinator.OneOf_Body, _ frames: [[UInt8]], _ number: UInt64, to worker: WorkerID
  ) -> [(frames: [[UInt8]], peer: String)] {
    do throws(AtelierError) {
      return [(try WireMessage<Wire.FromCoordinator>(body, number: number, frames: frames).encoded(), worker.text)]
    } catch {
      logger.error("cannot send", metadata: ["worker": "\(worker)", "error": "\(error)"])
      return []
    }
  }

  /// Takes the pictures of jobs out of the way, at once: a later turn may place new ones. What cannot be is logged, and
  /// tried again. The files are removed on another thread.
  private func remove(_ jobs: [JobID]) -> TurnEngine.Event? {
    let removed = jobs.filter { job in logged { () throws(AtelierError) in try pictures.setAside(job) } }
    removals.async { [self] in _ = logged { () throws(AtelierError) in try pictures.emptyRemoved() } }
    let isDurable = removed.isEmpty || logged { () throws(AtelierError) in try pictures.syncRemovals() }
    return removed.isEmpty || !isDurable ? nil : .picturesRemoved(removed)
  }

  /// Whether a part of a removal was done; if not, the log says why.
  private func logged(_ body: () throws(AtelierError) -> Void) -> Bool {
    do throws(AtelierError) {
      try body()
      return true
    } catch {
      logger.error("cannot remove pictures; it is tried again", metadata: ["error": "\(error)"])
      return false
    }
  }

  /// Tells later turns of the files that requests came with, a part a turn.
  private func lookForSources() {
    removals.async { [sources, found] in
      let digests = sources.list()
      for start in stride(from: 0, to: digests.count, by: Self.sourcesPerTurn) {
        found(.sourcesFound(Array(digests[start..<min(start + Self.sourcesPerTurn, digests.count)])))
      }
    }
  }

  /// So many that nobody waits for the turn that looks who names them.
  private static let sourcesPerTurn = 500

  private func remove(sources digests: [String], at now: ContinuousClock.Instant) {
    removals.async { [sources, logger, found] in
      let removed = sources.remove(unnamed: digests, at: now)
      for digest in removed {
        logger.info("file removed that no request names", metadata: ["sha256": "\(digest)"])
      }
      if !removed.isEmpty { found(.sourcesRemoved(removed)) }
    }
  }
}

extension WireMessage where Envelope == Wire.FromCoordinator {
  /// A message of this version.
  init(_ body: Wire.FromCoordinator.OneOf_Body, number: UInt64, frames: [[UInt8]] = []) {
    var envelope = Wire.FromCoordinator()
    envelope.protocolVersion = Wire.protocolVersion
    envelope.number = number
    envelope.body = body
    self.init(envelope, frames: frames)
  }
}

extension PictureStore {
  /// Gives pictures their names, durably; those that were not put aside are first. Each folder is synced once.
  ///
  /// - Returns: why single pictures cannot be placed, because something is in the way of their job's folder, say.
  /// - Throws: `system` if the disk takes nothing more.
  func place(_ placements: [PicturePlacement]) throws(AtelierError) -> [TaskAttempt: String] {
    var folders: Set<String> = []
    var failures: [TaskAttempt: String] = [:]
    for placement in placements {
      do throws(AtelierError) {
        var staged = placement.staged
        if staged == nil { staged = try stage([placement.bytes]).first }
        if let staged { folders.insert(try place(staged, name: placement.name)) }
      } catch {
        if StoreTrouble.isOfEverything(error) { throw error }
        failures[placement.attempt] = error.message
      }
    }
    try sync(folders)
    return failures
  }
}
