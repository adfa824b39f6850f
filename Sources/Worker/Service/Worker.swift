import Foundation
package import Logging
package import Shared

/// A worker process: talks to the coordinator from one thread, works on another.
///
/// Whatever the executor does, heartbeats go out; whatever the network does, the executor goes on. A
/// result is kept until the coordinator has said that it is committed.
package final class Worker: Sendable {
  /// What this worker is to the coordinator.
  package struct Settings: Sendable {
    package var id: WorkerID
    package var pool: Pool
    /// Where the coordinator is, for people, as are host and threads.
    package var coordinator: String
    package var host: String
    package var threads: Int
    /// Tasks held at once, the running one included.
    package var capacity: Int

    package init(id: WorkerID, pool: Pool, coordinator: String, host: String, threads: Int, capacity: Int) {
      self.id = id
      self.pool = pool
      self.coordinator = coordinator
      self.host = host
      self.threads = threads
      self.capacity = capacity
    }
  }

  /// What happens to a worker, from whatever thread; one thread takes them in their order.
  private enum Event: Sendable {
    case message([[UInt8]])
    case progress(TaskAttempt, step: Int, steps: Int)
    case checkpoint(TaskAttempt, TaskCheckpoint)
    case preview(TaskAttempt, TaskPreview)
    case ended(TaskAttempt, Wire.Outcome.OneOf_Result?, frames: [[UInt8]])
    /// A message has not got on its way.
    case undelivered
    /// The coordinator lets this worker's key in no more.
    case refused
    /// The executor can do no more.
    case unfit(String)
    case drain
    case stop
  }

  private let settings: Settings
  private let executor: any StageExecutor
  private let logger: Logger
  /// When it is full, the network and the executor wait.
  private let mailbox = Mailbox<Event>(capacity: 1024)
  private let runner: StageRunner
  /// By which a coordinator that asks for no keys knows this process.
  private let secret = Data((0..<16).map { _ in UInt8.random(in: 0...UInt8.max) })
  /// Opens the connection when the worker runs, not before.
  private let makeTransport: @Sendable (TransportHandler) throws(AtelierError) -> any Transport

  package init(
    settings: Settings, executor: any StageExecutor, logger: Logger,
    makeTransport: @escaping @Sendable (TransportHandler) throws(AtelierError) -> any Transport
  ) {
    self.settings = settings
    self.executor = executor
    self.logger = logger
    self.makeTransport = makeTransport
    runner = StageRunner(executor: executor)
  }

  /// Finishes the running tasks, gives back the waiting ones, and returns from ``run()`` once the coordinator has
  /// confirmed all results. May be called from any thread, also twice.
  package func drain() { mailbox.put(.drain) }

  /// Gives back the running tasks too: they stop after their next step, and their state goes to the coordinator. Within
  /// ``WorkerSession/patience`` ``run()`` leaves, whatever is answered and whatever ends.
  package func stop() { mailbox.put(.stop) }

  /// Serves until drained, stopped or refused. Blocks the calling thread.
  ///
  /// - Throws: `unavailable` with the coordinator's reason if it refuses this worker, or if tasks or results were left
  ///   behind; `wrongState` if the executor is unfit; `configuration` or `system` if the address cannot be used.
  package func run() throws {
    let mailbox = mailbox
    let transport = try makeTransport(
      TransportHandler(
        received: { frames, _ in mailbox.put(.message(frames)) }, undeliverable: { _ in mailbox.put(.undelivered) },
        refused: { mailbox.put(.refused) }))
    runner.start { [logger] report in
      switch report {
      case .progress(let task, let step, let steps): mailbox.put(.progress(task, step: step, steps: steps))
      case .checkpoint(let task, let checkpoint): mailbox.put(.checkpoint(task, checkpoint))
      case .preview(let task, let preview): mailbox.put(.preview(task, preview))
      case .ended(let task, .success(let result)):
        var frames: [[UInt8]] = []
        var success = Wire.Success()
        success.outputs = result.artifacts.map { Wire.Payload($0, frames: &frames) }
        success.seconds = result.seconds
        mailbox.put(.ended(task, .success(success), frames: frames))
      case .ended(let task, .failure(let error)):
        if let unfit = error as? ExecutorUnfit { mailbox.put(.unfit(unfit.reason)) }
        guard !(error is CancellationError || error is ExecutorUnfit) else {
          mailbox.put(.ended(task, nil, frames: []))
          return
        }
        logger.error(
          "task failed",
          metadata: ["task": "\(task.task)", "attempt": "\(task.attempt)", "error": "\(error)"])
        mailbox.put(.ended(task, .failure(Self.failure(for: error)), frames: []))
      }
    }
    defer {
      mailbox.close()
      runner.finish()
      transport.close()
    }
    try converse(over: transport)
  }

  /// Turns what happens into actions of a ``WorkerSession`` and does them, until the session is over.
  private func converse(over transport: any Transport) throws {
    var session = WorkerSession(
      capacity: settings.capacity, batch: executor.batch(capacity: settings.capacity))
    var unfit: String?
    while session.phase != .finished {
      try perform(session.due(at: .now, as: hello), over: transport)
      let pause = (session.nextDue ?? .now) - .now
      for event in mailbox.takeAll(waitingUpTo: max(pause, .milliseconds(1))) ?? [.stop] {
        if case .unfit(let reason) = event {
          if unfit == nil { logger.error("unfit for work", metadata: ["reason": "\(reason)"]) }
          unfit = unfit ?? reason
          try perform(session.drain(), over: transport)
        } else if case .refused = event {
          throw AtelierError(
            .unavailable,
            "The coordinator at \(settings.coordinator) does not let this worker's key in: it was revoked, or is of another coordinator. Join again with a token of 'atelier worker-token'."
          )
        } else if case .message(let frames) = event {
          try perform(receive(frames, &session), over: transport)
        } else {
          try perform(take(event, &session), over: transport)
        }
      }
    }
    if let unfit { throw AtelierError(.wrongState, unfit) }
  }

  /// What is to be done about something that happened here.
  private func take(_ event: Event, _ session: inout WorkerSession) -> [WorkerSession.Action] {
    switch event {
    case .message, .unfit, .refused: return []
    case .progress(let task, let step, let steps):
      session.progressed(task, step: step, of: steps)
      return []
    case .checkpoint(let task, let checkpoint):
      var frames: [[UInt8]] = []
      let message = checkpoint.wire(of: task, frames: &frames)
      return session.checkpoint(message, frames: frames)
    case .preview(let task, let preview):
      var frames: [[UInt8]] = []
      let message = preview.wire(of: task, frames: &frames)
      return session.preview(message, frames: frames)
    case .ended(let task, let result, let frames): return session.ended(task, result, frames: frames)
    case .undelivered:
      session.undelivered()
      return []
    case .drain:
      logger.info("draining")
      return session.drain()
    case .stop:
      logger.info("stopping")
      return session.stop(at: .now)
    }
  }

  /// What is to be done about a message. One that cannot be read is ignored: whatever was lost with it is said again.
  private func receive(_ parts: [[UInt8]], _ session: inout WorkerSession) -> [WorkerSession.Action] {
    let message: WireMessage<Wire.FromCoordinator>
    do {
      message = try WireMessage(decoding: parts)
    } catch {
      logger.warning("message ignored", metadata: ["reason": "\(error)"])
      return []
    }
    guard let body = message.envelope.body else { return [] }
    let before = session.phase
    let actions = session.receive(body, frames: message.frames, number: message.envelope.number, as: hello, at: .now)
    if before == .introducing, session.phase == .serving {
      runner.checkpointInterval = .milliseconds(session.welcome.checkpointMilliseconds)
      let isSaid = actions.contains { if case .back = $0 { true } else { false } }
      if !isSaid { logger.info("connected", metadata: ["worker": "\(settings.id)"]) }
    }
    return actions
  }

  /// Does what the session has decided, in its order.
  ///
  /// - Throws: `unavailable` if the coordinator refuses this worker.
  private func perform(_ actions: [WorkerSession.Action], over transport: any Transport) throws {
    for action in actions {
      switch action {
      case .send(let body, let frames):
        var envelope = Wire.FromWorker()
        envelope.protocolVersion = Wire.protocolVersion
        envelope.workerID = settings.id.text
        envelope.body = body
        transport.send(try WireMessage(envelope, frames: frames).encoded(), to: "")
      case .run(let tasks):
        for task in tasks {
          logger.debug(
            "task begins",
            metadata: [
              "job": "\(task.job)", "task": "\(task.id.task)", "attempt": "\(task.id.attempt)",
              "stage": "\(task.stage)",
              "from_step": "\(task.checkpoint?.completedSteps ?? 0)", "batch": "\(tasks.count)",
            ])
        }
        runner.run(tasks)
      case .interrupt: runner.interrupt()
      case .watch(let watch): runner.follow(watch)
      case .unwanted(let attempt, let reason):
        logger.warning(
          "the coordinator has no use for a result",
          metadata: ["task": "\(attempt.task)", "attempt": "\(attempt.attempt)", "reason": "\(reason)"])
      case .silent(let time):
        logger.warning(
          "no answer from \(settings.coordinator) for \(Self.seconds(time)); is it a coordinator's address for workers, and does it know this worker's key, if it asks for one?"
        )
      case .lost(let time):
        logger.warning("lost: no word from \(settings.coordinator) for \(Self.seconds(time))")
      case .back(let time): logger.notice("back: \(settings.coordinator) answers after \(Self.seconds(time))")
      case .refused(let reason): throw AtelierError(.unavailable, "The coordinator refuses this worker: \(reason)")
      case .abandoned(let attempts):
        let tasks = attempts.map { "\($0.task)" }.joined(separator: ", ")
        throw AtelierError(
          .unavailable, "The worker was told to stop, and leaves behind tasks that are done again elsewhere: \(tasks).")
      case .finish: break
      }
    }
  }

  /// For people.
  private static func seconds(_ time: Duration) -> String { "\(Int(time / .seconds(1))) s" }

  /// How this worker introduces itself.
  private var hello: Wire.Hello {
    var hello = Wire.Hello()
    hello.pool = settings.pool.wire
    hello.models = executor.models.map(\.wire)
    hello.host = settings.host
    hello.processID = UInt32(getpid())
    hello.threads = UInt32(settings.threads)
    hello.softwareVersion = WorkerVersion.text(computesWith: executor.computesWith)
    hello.secret = secret
    return hello
  }

  /// Whose fault an error is: bad input is the task's, what the system refuses the moment's, all else the worker's.
  private static func failure(for error: any Error) -> Wire.Failure {
    switch (error as? AtelierError)?.code {
    case .invalidInput?: Wire.Failure(.task, "\(error)")
    case .system?: Wire.Failure(.transient, "\(error)")
    default: Wire.Failure(.worker, "\(error)")
    }
  }
}
