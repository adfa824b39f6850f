import Coordinator
import Foundation
import Logging
import Shared
import Synchronization

/// Who has changed what, when, from where, and what came of it: JSON lines in a file that only grows, until it is set
/// aside for a new one. A line that cannot be written is told to the log, and stops nobody.
final class AuditLog: Sendable {
  /// A line.
  struct Entry: Sendable, Codable, Equatable {
    var time: Date
    /// Whose token it was, or `local`; nil if nobody was known.
    var owner: String?
    /// The token's id, no secret.
    var token: String?
    /// The address that the connection came from.
    var address: String
    /// What a proxy says of where that had it from.
    var forwardedFor: String?
    var method: String
    var path: String
    /// The HTTP status of the answer.
    var status: Int
    /// What was made, such as a job's path.
    var made: String?
  }

  private let path: String
  private let largest: Int
  private let kept: Int
  private let logger: Logger
  private let lock = Mutex(())

  /// - Parameters:
  ///   - path: of the file; those that were set aside are beside it, with `.1` for the newest.
  ///   - largest: above so many bytes a new one is begun.
  ///   - kept: how many that are full.
  init(_ path: String, largest: Int = 16 << 20, kept: Int = 8, logger: Logger) {
    self.path = path
    self.largest = largest
    self.kept = kept
    self.logger = logger
  }

  /// Appends a line, which is with the system when this returns. Blocks.
  func append(_ entry: Entry) {
    do {
      let line = try JSONCoding.encode(entry) + Data("\n".utf8)
      try lock.withLock { _ throws in try write(line) }
    } catch {
      logger.error("cannot write the audit log", metadata: ["file": "\(path)", "error": "\(error)"])
    }
  }

  private func write(_ line: Data) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw AtelierError(errno: errno, "Cannot open '\(path)'") }
    defer { close(file) }
    let written = line.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
    // Not synced: that would cost each change as much as a turn. What it tells of is durable by itself.
    guard written == line.count else {
      throw AtelierError(errno: errno, "Cannot write '\(path)'")
    }
    if lseek(file, 0, SEEK_END) >= largest { setAside() }
  }

  /// Each full file gets the name of the one that is older; the oldest goes.
  private func setAside() {
    for number in stride(from: kept - 1, through: 1, by: -1) { rename("\(path).\(number)", "\(path).\(number + 1)") }
    rename(path, "\(path).1")
  }
}
