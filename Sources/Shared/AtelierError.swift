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
  package var message: String
  package var cause: (any Error)?

  package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  package var description: String {
    cause.map { "\(message) (\($0))" } ?? message
  }
}
