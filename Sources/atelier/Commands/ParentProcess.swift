import CLinux
import Foundation

/// Ties a process to the one that started it, so that what `atelier up` has started never outlives it, however it ends.
enum ParentProcess {
  /// Names the parent's number to a process that is to end with it.
  static let variable = "ATELIER_PARENT"

  /// What a child's environment is to hold, so that ``tie()`` ties it to this process. The child ends with the thread
  /// that starts it.
  static var environment: [String: String] { [variable: "\(getpid())"] }

  /// Lets the kernel end this process with its parent, if that has asked for it; ends it if the parent is gone already.
  static func tie() {
    guard let text = ProcessInfo.processInfo.environment[variable], let parent = pid_t(text) else { return }
    // Not a request that a hanging process could miss: what it has not said is done again, as after a power cut.
    _ = atelier_signal_at_parents_death(SIGKILL)
    if getppid() != parent { _exit(1) }
  }
}
