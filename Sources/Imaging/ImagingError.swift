/// What is wrong with a picture file.
package struct ImagingError: Error, Sendable, CustomStringConvertible {
  package var message: String

  package init(_ message: String) { self.message = message }

  package var description: String { message }
}
