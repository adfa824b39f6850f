import Dispatch
import Foundation
import Logging
import Shared

/// A child process of `atelier up`, which is this program once more.
enum ChildProcess {
  /// What to start.
  struct Command: Sendable {
    /// For people, such as `decoder 0`.
    var name: String
    /// Of this same executable.
    var arguments: [String]
  }
}

/// Keeps child processes running until told to stop, then stops them: workers first, so that they can
/// still hand in what they finish. The first child is the coordinator.
///
/// A child that dies is started again after a second. One that dies five times in a row soon after its start ends the
/// whole, and so does a coordinator that cannot start at all.
final class Supervisor: @unchecked Sendable {
  /// A child as it is now; without a process while it waits to be started again, or is gone.
  private struct Child {
    var command: ChildProcess.Command
    var process: Process?
    var started = ContinuousClock.now
    var quickDeaths = 0
  }

  /// A process that lives shorter than this has not really started.
  private static let shortLife = Duration.seconds(5)
  /// Deaths in a row, each after a short life, upon which the whole is given up.
  private static let mostQuickDeaths = 5

  /// All changes of the state below happen on it.
  private let queue = DispatchQueue(label: "atelier.supervisor")
  private let finished = DispatchSemaphore(value: 0)
  private let logger: Logger
  private var children: [Child]
  private var isStopping = false
  /// Children that were asked to leave. A second request would mean to drop the running task.
  private var asked: Set<Int> = []
  /// Why the whole was given up.
  private var failure: AtelierError?

  init(commands: [ChildProcess.Command], logger: Logger) {
    children = commands.map { Child(command: $0) }
    self.logger = logger
  }

  /// Runs until SIGTERM or SIGINT and until all children are gone; a second signal kills them. Blocks.
  ///
  /// - Throws: `system` if a child cannot be started, or dies again and again.
  func run() throws {
    let signals = StopSignals.watch(
      first: { [self] in queue.async { self.stop() } },
      second: { [self] in queue.async { self.kill() } })
    defer { signals.cancel() }
    try queue.sync {
      for index in children.indices { try start(index) }
    }
    finished.wait()
    if let failure = queue.sync(execute: { failure }) { throw failure }
  }

  /// Starts a child: its standard input is empty, and what it says goes where this process' output goes.
  private func start(_ index: Int) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = children[index].command.arguments
    process.standardInput = FileHandle.nullDevice
    // This object lives as long as the program runs.
    process.terminationHandler = { [self] process in
      let (status, reason) = (process.terminationStatus, process.terminationReason)
      queue.async { self.died(index, status: status, reason: reason) }
    }
    do {
      try process.run()
    } catch {
      throw AtelierError(.system, "Cannot start \(children[index].command.name).", cause: error)
    }
    children[index].process = process
    children[index].started = .now
    logger.info(
      "started", metadata: ["process": "\(children[index].command.name)", "pid": "\(process.processIdentifier)"])
  }

  /// Starts a child again that was not told to leave, or goes on with stopping the others.
  private func died(_ index: Int, status: Int32, reason: Process.TerminationReason) {
    children[index].process = nil
    let name = children[index].command.name
    if isStopping {
      stopNext()
      return
    }
    logger.warning(
      "died; it is started again",
      metadata: ["process": "\(name)", reason == .uncaughtSignal ? "signal" : "status": "\(status)"])
    let lived = ContinuousClock.now - children[index].started
    children[index].quickDeaths = lived < Self.shortLife ? children[index].quickDeaths + 1 : 0
    // A coordinator that cannot start at all (a port in use, say) has said why; trying again is no use.
    let hopeless = index == 0 && children[index].quickDeaths > 0 && reason == .exit && status == 1
    guard !hopeless, children[index].quickDeaths < Self.mostQuickDeaths else {
      failure = AtelierError(.system, "The \(name) process does not stay up; its message stands above.")
      stop()
      return
    }
    queue.asyncAfter(deadline: .now() + .seconds(1)) { [self] in
      guard !isStopping else { return }
      do { try start(index) } catch { logger.error("\(error)") }
    }
  }

  /// Begins to stop all children. Does nothing the second time.
  private func stop() {
    guard !isStopping else { return }
    isStopping = true
    stopNext()
  }

  /// Asks the workers to leave, and once they are gone the coordinator.
  private func stopNext() {
    let running = children.indices.filter { children[$0].process != nil }
    if running.isEmpty {
      finished.signal()
    } else {
      for index in running where (index > 0 || running == [0]) && asked.insert(index).inserted {
        children[index].process?.terminate()
      }
    }
  }

  /// Ends all children at once, at a second signal.
  private func kill() {
    for child in children {
      if let process = child.process { Foundation.kill(process.processIdentifier, SIGKILL) }
    }
  }
}
