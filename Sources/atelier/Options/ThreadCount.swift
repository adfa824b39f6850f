import ArgumentParser
import Tensor

/// The bounds of `--threads`, and the pool that it asks for.
enum ThreadCount {
  private static let range = 1...1024

  /// A usage error for a number out of bounds; nothing for none.
  static func check(_ threads: Int?) throws {
    guard let threads, !range.contains(threads) else { return }
    throw ValidationError("--threads must be from \(range.lowerBound) to \(range.upperBound).")
  }

  /// The threads, or as many as processors that this process may run on.
  static func pool(_ threads: Int?, profiled: Bool = false) -> ThreadPool {
    ThreadPool(threads: threads ?? ThreadPool.processors, profile: profiled ? Profile() : nil)
  }
}
