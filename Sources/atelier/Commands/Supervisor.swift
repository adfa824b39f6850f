import Dispatch
import Foundation
import Logging
import Shared

/// A child process of `atelier up`.
enum ChildProcess {
  struct Command: Sendable {
    var name: String
    /// Of this same executable.
    var arguments: [String]
  }
}

/// Keeps child processes running until told to stop, then stops them: workers first, so that they can
/// still hand in what they finish.
final class Supervisor: @unchecked Sendable {
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

  private let queue = DispatchQueue(label: "atelier.supervisor")
  private let finished = DispatchSemaphore(value: 0)
  private let logger: Logger
  private var children: [Child]
  private var isStopping = false
  /// Children that were asked to leave. A second request would mean to drop the running task.
  private var asked: Set<Int> = []
  private var failure: AtelierError?

  init(commands: [ChildProcess.Command], logger: Logger) {
    children = commands.map { Child(command: $0) }
    self.logger = logger
  }

  /// Runs until SIGTERM or SIGINT. Blocks.
  /// - Throws: if a child dies again and again.
  func run() throws {
    let signals = StopSignals(
      first: { [self] in queue.async { self.stop() } },
      second: { [self] in queue.async { self.kill() } })
    defer { signals.cancel() }
    try queue.sync {
      for index in children.indices { try start(index) }
    }
    finished.wait()
    if let failure = queue.sync(execute: { failure }) { throw failure }
  }

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

  private func kill() {
    for child in children {
      if let process = child.process { Foundation.kill(process.processIdentifier, SIGKILL) }
    }
  }
}
