/// What is wrong with a picture file, and why.
package struct ImagingError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// Truncated, damaged, or not what its name says.
    case malformed
    /// Sound, but of a kind or size that is not taken.
    case unsupported
    /// The library failed for want of memory or the like.
    case system
  }

  package var code: Code
  package var message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }

  /// A file can claim any size in a few bytes; these are taken.
  static let longestSide = 1 << 15
  static let mostPixels = 1 << 27

  /// - Throws: `unsupported` if a picture is larger than is taken.
  static func checkSize(_ format: String, width: Int, height: Int) throws(ImagingError) {
    guard width <= longestSide, height <= longestSide, width * height <= mostPixels else {
      throw ImagingError(
        .unsupported,
        "Cannot read a \(format) of \(width)x\(height) pixels: at most \(longestSide) a side and \(mostPixels) in all "
          + "are taken.")
    }
  }
}
