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
  /// Told of the bytes that are sent.
  let sent: @Sendable (Int) -> Void

  func place(_ placements: [PicturePlacement]) throws(AtelierError) -> [TaskAttempt: String] {
    try pictures.place(placements)
  }

  func perform(_ actions: [Action]) -> [TurnEngine.Event] {
    var events: [TurnEngine.Event] = []
    var messages: [(frames: [[UInt8]], peer: String)] = []
    for action in actions {
      switch action {
      case .send(let body, let worker, let number): messages += encoded(body, [], number, to: worker)
      case .assign(let tasks, let worker, let number):
        var assignment = Wire.Assignment()
        var frames: [[UInt8]] = []
        for var assigned in tasks {
          do throws(AtelierError) {
            for digest in assigned.sources { assigned.task.sources[digest] = try sources.read(digest) }
            assignment.tasks.append(assigned.task.wire(frames: &frames))
          } catch {
            events.append(.sourceLost(assigned.task.id, worker: worker, reason: error.message))
          }
        }
        if !assignment.tasks.isEmpty { messages += encoded(.assignment(assignment), frames, number, to: worker) }
      case .discard(let staged): pictures.discard(staged)
      case .removePictures(let jobs): remove(jobs)
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

  /// Removes the pictures of jobs, on another thread: they may be many. What cannot be removed stays, and is logged.
  private func remove(_ jobs: [JobID]) {
    DispatchQueue.global(qos: .utility).async { [pictures, logger] in
      for job in jobs {
        do throws(AtelierError) {
          try pictures.remove(job)
          logger.info("pictures are no longer kept", metadata: ["job": "\(job)"])
        } catch {
          logger.error("cannot remove pictures", metadata: ["job": "\(job)", "error": "\(error)"])
        }
      }
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
