import Foundation
import Logging
import Shared

/// Does what ``Supervision`` decides about child processes, until all are gone.
final class Supervisor {
  /// What happens, from whatever thread; the one that runs takes it in its order.
  private enum Event: Sendable {
    case ended(Int, Supervision.Ending)
    case stop
    case kill
  }

  private let commands: [ChildProcess.Command]
  private let logger: Logger
  private let mailbox = Mailbox<Event>(capacity: 1024)
  /// Those that run.
  private var processes: [Int: ChildProcess] = [:]

  /// - Parameter commands: the coordinator's first.
  init(commands: [ChildProcess.Command], logger: Logger) {
    self.commands = commands
    self.logger = logger
  }

  /// Runs until a signal and until all children are gone; a second signal kills them. Blocks, and starts all children
  /// from the calling thread, with which they end.
  func run() {
    let mailbox = mailbox
    let signals = StopSignals(first: { mailbox.put(.stop) }, second: { mailbox.put(.kill) })
    defer { signals.cancel() }
    var supervision = Supervision(children: commands.count, at: .now)
    while true {
      var actions = supervision.due(at: .now)
      let pause = supervision.nextDue.map { max($0 - .now, .milliseconds(1)) } ?? .seconds(3600)
      // What could not be started is in the mailbox already.
      if perform(actions) { return }
      for event in mailbox.takeAll(waitingUpTo: pause) ?? [] {
        switch event {
        case .ended(let index, let ending):
          processes[index] = nil
          log(ending, of: index, isExpected: supervision.isStopping)
          actions = supervision.ended(index, ending, at: .now)
        case .stop: actions = supervision.stop()
        case .kill: actions = supervision.kill()
        }
        if perform(actions) { return }
      }
    }
  }

  /// Returns whether all is over.
  private func perform(_ actions: [Supervision.Action]) -> Bool {
    for action in actions {
      switch action {
      case .start(let index): start(index)
      case .ask(let index): processes[index]?.send(SIGTERM)
      case .kill(let index): processes[index]?.send(SIGKILL)
      case .pause(let index, let time):
        logger.warning("it is started again", metadata: ["process": "\(commands[index].name)", "after": "\(time)"])
      case .left(let index):
        logger.notice("it has left and is not replaced", metadata: ["process": "\(commands[index].name)"])
      case .finish: return true
      }
    }
    return false
  }

  /// Starts a child: its standard input is empty or has its keys, and what it says goes where this process' output goes.
  private func start(_ index: Int) {
    var environment = ProcessInfo.processInfo.environment.merging(ParentProcess.environment) { $1 }
    let pipe = commands[index].input.map { _ in Pipe() }
    if pipe != nil { environment[InheritedKeys.variable] = "0" }
    let process: ChildProcess
    let input: Data?
    do {
      input = try commands[index].input?()
      process = try ChildProcess(
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path, commands[index].arguments,
        environment: environment, input: pipe.map { .file($0.fileHandleForReading) } ?? .null
      ) { [mailbox] ending in mailbox.put(.ended(index, ending)) }
    } catch {
      logger.error("cannot start", metadata: ["process": "\(commands[index].name)", "error": "\(error)"])
      mailbox.put(.ended(index, .unstarted))
      return
    }
    if let pipe, let input {
      // Who has died already reads nothing.
      try? pipe.fileHandleForReading.close()
      try? pipe.fileHandleForWriting.write(contentsOf: input)
      try? pipe.fileHandleForWriting.close()
    }
    processes[index] = process
    logger.info("started", metadata: ["process": "\(commands[index].name)", "pid": "\(process.processIdentifier)"])
  }

  /// Says how a child ended; why, it has said itself.
  private func log(_ ending: Supervision.Ending, of index: Int, isExpected: Bool) {
    let how: (String, Int32)? =
      switch ending {
      case .status(let status): ("status", status)
      case .signal(let number): ("signal", number)
      case .unstarted: nil
      }
    guard let how else { return }
    logger.log(
      level: isExpected || ending == .status(0) ? .info : .warning, "ended",
      metadata: ["process": "\(commands[index].name)", how.0: "\(how.1)"])
  }
}
