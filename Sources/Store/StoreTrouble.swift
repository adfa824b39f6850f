import Foundation
import GRDB
import Shared

/// Why the store does not work, in words that say what to do. It is tried again every second, so that work goes on
/// by itself when the cause is gone.
package struct StoreTrouble: Sendable, Equatable {
  /// As `atelier status` and the API name it.
  package enum Kind: String, Sendable {
    case diskFull = "disk_full"
    case readOnly = "read_only"
    case damaged
    case failing
  }

  package var kind: Kind
  package var message: String

  /// - Parameter folder: the data directory.
  package init(_ error: any Error, folder: String) {
    kind = Self.kind(of: error, folder: folder)
    message =
      switch kind {
      case .diskFull:
        "The disk of the data directory '\(folder)' is full. Free some space; work goes on by itself then."
      case .readOnly:
        "The data directory '\(folder)' cannot be written. Make it writable; work goes on by itself then."
      case .damaged:
        "The database '\(folder)/atelier.sqlite' is damaged. Stop the coordinator; 'atelier restore FILE' puts a copy made by 'atelier backup' in its place. Pictures stay where they are."
      case .failing:
        "The store refuses to write (\(error)). Nothing is lost; it is tried again every second."
      }
  }

  /// Whether an error says that nothing can be stored, whatever it is, rather than that this one thing cannot.
  package static func isOfEverything(_ error: any Error) -> Bool {
    switch (error as? DatabaseError)?.resultCode {
    case .SQLITE_FULL?, .SQLITE_READONLY?, .SQLITE_PERM?, .SQLITE_CANTOPEN?, .SQLITE_IOERR?, .SQLITE_CORRUPT?,
      .SQLITE_NOTADB?, .SQLITE_NOMEM?, .SQLITE_BUSY?, .SQLITE_LOCKED?, .SQLITE_INTERRUPT?:
      return true
    default: return [ENOSPC, EDQUOT, EROFS, EIO].contains((error as? AtelierError)?.systemError ?? 0)
    }
  }

  /// By SQLite's own code, else by the system's number of what it refused.
  private static func kind(of error: any Error, folder: String) -> Kind {
    switch (error as? DatabaseError)?.resultCode {
    case .SQLITE_FULL?: return .diskFull
    case .SQLITE_READONLY?, .SQLITE_PERM?, .SQLITE_CANTOPEN?: return .readOnly
    case .SQLITE_CORRUPT?, .SQLITE_NOTADB?: return .damaged
    case .SQLITE_IOERR? where isFull(folder): return .diskFull
    default: break
    }
    switch (error as? AtelierError)?.systemError {
    case ENOSPC?, EDQUOT?: return .diskFull
    case EROFS?, EACCES?: return .readOnly
    default: return .failing
    }
  }

  /// Whether less than a megabyte is left: SQLite calls some full disks an error of input and output.
  private static func isFull(_ folder: String) -> Bool {
    var facts = statvfs()
    return statvfs(folder, &facts) == 0 && UInt64(facts.f_bavail) * UInt64(facts.f_frsize) < 1 << 20
  }
}
