import Foundation
import Shared

/// Holds a data directory for one process: a coordinator, or a restore of its database. The lock is of the file
/// `atelier.lock` in it, goes with the process however that ends, and does not depend on what the database is like.
final class DataFolderLock: @unchecked Sendable {
  private let lock = NSLock()
  private var descriptor: Int32?

  /// - Throws: `system` if another process holds it, or if the file cannot be made.
  init(folder: String) throws(AtelierError) {
    let path = folder + "/atelier.lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw AtelierError(errno: errno, "Cannot open '\(path)'") }
    // A file system without locks leaves it to SQLite's own.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      close(descriptor)
      throw Self.inUse(folder)
    }
    self.descriptor = descriptor
  }

  deinit { release() }

  /// Lets others in. Doing it twice is harmless.
  func release() {
    lock.withLock {
      if let descriptor { close(descriptor) }
      descriptor = nil
    }
  }

  /// What is said where somebody else is found to use a data directory.
  static func inUse(_ folder: String) -> AtelierError {
    AtelierError(
      .system,
      "The data directory '\(folder)' is in use by another coordinator. Stop it, or choose another with 'coordinator.data' in cluster.yaml."
    )
  }
}
