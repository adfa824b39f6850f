import Foundation

/// What went wrong, on what, why, and what to do about it.
///
/// One error type serves every part of the cluster: `code` says how to react (an HTTP status, an exit
/// status, a retry), `message` is a sentence for a person.
package struct AtelierError: Error, Sendable, CustomStringConvertible {
  /// How a caller should react.
  package enum Code: String, Sendable, Codable {
    /// The input is wrong; sending it again will not help.
    case invalidInput = "invalid_input"
    /// A file, job, model or worker of that name does not exist.
    case notFound = "not_found"
    /// The thing exists but is in a state that does not allow this.
    case wrongState = "wrong_state"
    /// Who asks is not known, may not do this, or has used up what they may.
    case denied
    /// A configuration file or option is wrong.
    case configuration
    /// The operating system refused: a port in use, no permission, a full disk.
    case system
    /// The other side is not there or does not answer.
    case unavailable
    /// A message or file is damaged or of another version.
    case malformed
    /// A defect of Atelier itself.
    case `internal`
  }

  package var code: Code
  /// What, on what, why and what to do; it ends with a full stop.
  package var message: String
  /// What it comes from, for the log.
  package var cause: (any Error)?
  /// The system's number of what it refused, where a call of it failed.
  package var systemError: Int32?

  package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  package var description: String {
    cause.map { "\(message) (\($0))" } ?? message
  }
}

extension AtelierError {
  /// A call of the system that failed.
  ///
  /// - Parameters:
  ///   - errno: as the call left it.
  ///   - message: what was tried on what, without a full stop: "Cannot write 'x'".
  package init(errno: Int32, _ message: String) {
    let reason = errno == ENOSPC ? "the disk is full; free some space" : String(cString: strerror(errno))
    self.init(.system, "\(message): \(reason).")
    systemError = errno
  }

  /// A call of Foundation's that failed.
  ///
  /// - Parameter message: what was tried on what, without a full stop.
  package init(_ message: String, system error: any Error) {
    self.init(.system, "\(message): \(Self.reason(error)).")
    systemError = Self.number(of: error)
  }

  /// Why a call of Foundation's failed, without a full stop.
  package static func reason(_ error: any Error) -> String {
    switch (error as? CocoaError)?.code {
    case .fileReadNoSuchFile?: "there is no such file"
    case .fileReadNoPermission?, .fileWriteNoPermission?: "permission denied"
    case .fileReadInapplicableStringEncoding?: "it is not UTF-8"
    case .fileWriteFileExists?: "a file of that name is in the way"
    case .fileWriteOutOfSpace?: "the disk is full"
    case .fileWriteVolumeReadOnly?: "the file system is read-only"
    default: "\(error)"
    }
  }

  /// The system's number of an error of Foundation's; nil where it has none that anybody looks at.
  private static func number(of error: any Error) -> Int32? {
    if let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? POSIXError {
      return underlying.code.rawValue
    }
    switch (error as? CocoaError)?.code {
    case .fileWriteOutOfSpace?: return ENOSPC
    case .fileWriteVolumeReadOnly?: return EROFS
    case .fileReadNoPermission?, .fileWriteNoPermission?: return EACCES
    default: return nil
    }
  }
}
