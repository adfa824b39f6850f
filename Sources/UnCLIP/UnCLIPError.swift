/// What went wrong with a model or a request, on what, why, and what to do about it.
package struct UnCLIPError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// A file or part of the model is missing.
    case missing
    /// A file is truncated, damaged, or not what its name says.
    case malformed
    /// A configuration asks for something that this engine does not do.
    case unsupported
    /// A tensor is missing, misshapen or not of floats.
    case weights
    /// The request makes no sense for this model.
    case request
    /// What the model computes is no number: its weights hold NaN or infinity, or values that lead there.
    case notFinite
  }

  package var code: Code
  package var message: String
  package var cause: (any Error)?

  package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  package var description: String { cause.map { "\(message) (\($0))" } ?? message }
}
