import CLinux
import Foundation
import Shared
import Synchronization

/// A process that this one has started, by `posix_spawn(3)`, in a process group of its own: a Ctrl-C at the terminal is
/// this process' to pass on.
///
/// Instead of Foundation's `Process`, which reads past the end of a directory's entries while it looks for open files,
/// and crashes now and then (github.com/swiftlang/swift-corelibs-foundation, 5472, mended after Swift 6.3.1).
final class ChildProcess: Sendable {
  /// What `atelier up` is to start.
  struct Command: Sendable {
    /// For people, such as `decoder 0`.
    var name: String
    /// Of this same executable.
    var arguments: [String]
    /// Keys for it to read from its standard input, at each start: fewer bytes than a pipe holds.
    var input: (@Sendable () throws -> Data)?
  }

  /// What a child's standard stream is.
  enum Stream {
    /// That of this process.
    case inherited
    /// /dev/null.
    case null
    /// An open file of this process.
    case file(FileHandle)
  }

  let processIdentifier: pid_t
  private let state = Mutex<Supervision.Ending?>(nil)
  private let ended = DispatchGroup()

  /// Starts a process. It has no file of this process open but its standard streams, and blocks no signals.
  ///
  /// - Parameters:
  ///   - executable: its path.
  ///   - arguments: without the program's own name.
  ///   - environment: all of it; that of this process for nil.
  ///   - directory: to run it in; that of this process for nil.
  ///   - onEnd: called once it has ended, from a thread of its own.
  /// - Throws: `system` if it cannot be started.
  init(
    _ executable: String, _ arguments: [String], environment: [String: String]? = nil, in directory: String? = nil,
    input: Stream = .inherited, output: Stream = .inherited, error: Stream = .inherited,
    onEnd: @escaping @Sendable (Supervision.Ending) -> Void = { _ in }
  ) throws(AtelierError) {
    var (actions, attributes) = (posix_spawn_file_actions_t(), posix_spawnattr_t())
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for (stream, number) in [(input, STDIN_FILENO), (output, STDOUT_FILENO), (error, STDERR_FILENO)] {
      switch stream {
      case .inherited: break
      case .null: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
      case .file(let file): posix_spawn_file_actions_adddup2(&actions, file.fileDescriptor, number)
      }
    }
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)
    if let directory { posix_spawn_file_actions_addchdir_np(&actions, directory) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

    let variables = (environment ?? ProcessInfo.processInfo.environment).map { "\($0.key)=\($0.value)" }
    let (words, settings) = (Self.texts([executable] + arguments), Self.texts(variables))
    defer { for text in words + settings { free(text) } }
    var identifier = pid_t()
    // A file is closed with the last that names it, which the compiler takes to be above.
    let failure = withExtendedLifetime((input, output, error)) {
      posix_spawn(&identifier, executable, &actions, &attributes, words, settings)
    }
    guard failure == 0 else { throw AtelierError(errno: failure, "Cannot start '\(executable)'") }
    processIdentifier = identifier
    ended.enter()
    let thread = Thread { [self] in onEnd(reap()) }
    thread.name = "child"
    thread.start()
  }

  /// How it ended; nil while it runs.
  var ending: Supervision.Ending? { state.withLock { $0 } }

  var isRunning: Bool { ending == nil }

  /// Sends a signal, unless it has ended: its number may be another's then.
  func send(_ signal: Int32) {
    state.withLock { ending in if ending == nil { kill(processIdentifier, signal) } }
  }

  /// Waits for its end. Blocks.
  @discardableResult
  func wait() -> Supervision.Ending {
    ended.wait()
    return ending ?? .unstarted
  }

  /// Waits for the end and takes note of it.
  private func reap() -> Supervision.Ending {
    var information = siginfo_t()
    // First without taking it away, so that the number stays its own until that is known here.
    while waitid(P_PID, id_t(processIdentifier), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    let ending = state.withLock { state in
      var status: Int32 = 0
      while waitpid(processIdentifier, &status, 0) < 0, errno == EINTR {}
      // As WIFSIGNALED and WEXITSTATUS of wait(2), which are macros.
      let signal = status & 0x7F
      let ending = signal == 0 ? Supervision.Ending.status((status >> 8) & 0xFF) : .signal(signal)
      state = ending
      return ending
    }
    ended.leave()
    return ending
  }

  /// Texts of C that are to be freed, and a null behind them.
  private static func texts(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] { texts.map { strdup($0) } + [nil] }
}
