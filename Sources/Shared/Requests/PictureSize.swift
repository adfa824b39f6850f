/// Width and height of a finished picture in pixels, written `256x256`.
package struct PictureSize: Hashable, Sendable, Codable, CustomStringConvertible {
  package var width: Int
  package var height: Int

  /// The sides that can be asked for.
  package static let sideRange = 8...4096

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// A size that is asked for.
  ///
  /// - Throws: `invalidInput` if the text is not two whole numbers within `sideRange` joined by `x`.
  package init(parsing text: String) throws(AtelierError) {
    let size = try PictureSize(of: text)
    guard Self.sideRange.contains(size.width), Self.sideRange.contains(size.height) else {
      throw AtelierError(
        .invalidInput,
        "The size '\(text)' is outside \(Self.sideRange.lowerBound) to \(Self.sideRange.upperBound) pixels a side.")
    }
    self = size
  }

  /// The size of a picture that there is. An edit keeps its picture's, which nobody asked for by numbers.
  private init(of text: String) throws(AtelierError) {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]) else {
      throw AtelierError(.invalidInput, "The size '\(text)' is not of the form WIDTHxHEIGHT, such as 256x256.")
    }
    self.init(width: width, height: height)
  }

  package init(from decoder: any Decoder) throws {
    self = try PictureSize(of: decoder.singleValueContainer().decode(String.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  package var description: String { "\(width)x\(height)" }
}
