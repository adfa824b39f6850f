import Foundation
import NIOCore
import Shared

/// An event of a streamed answer, as the client's types read it.
struct ImageEvent: Encodable, Sendable {
  var type: String
  /// A PNG file.
  var b64Json: String
  /// In seconds since 1970.
  var createdAt: Int
  /// Of this picture, `WIDTHxHEIGHT`.
  var size: String
  // Atelier has one of each; these are the words that the client knows.
  var quality = "auto"
  var background = "opaque"
  var outputFormat = "png"
  /// Which of the unfinished pictures, from 0; nil for the finished one.
  var partialImageIndex: Int?
  /// Nil for unfinished pictures.
  var usage: Usage?

  /// Atelier counts pictures, not tokens: all is 0.
  struct Usage: Encodable, Sendable {
    var inputTokens = 0
    var inputTokensDetails = Details()
    var outputTokens = 0
    var totalTokens = 0

    struct Details: Encodable, Sendable {
      var imageTokens = 0
      var textTokens = 0
    }
  }

  /// - Parameters:
  ///   - partial: its index, of an unfinished picture.
  ///   - size: where the file does not say one.
  init(_ endpoint: ImageCall.Endpoint, png: [UInt8], partial: Int? = nil, size: PictureSize, at time: Date) {
    let name = endpoint == .edits ? "image_edit" : "image_generation"
    type = partial == nil ? "\(name).completed" : "\(name).partial_image"
    b64Json = Data(png).base64EncodedString()
    createdAt = Int(time.timeIntervalSince1970)
    self.size = (PNGHeader(png)?.size ?? size).description
    partialImageIndex = partial
    usage = partial == nil ? Usage() : nil
  }

  /// As it is sent.
  func sent() throws -> ByteBuffer { try Self.sent(type, self) }

  /// Why nothing more comes, as it is sent.
  static func sent(_ error: OpenAIError) throws -> ByteBuffer { try sent("error", error.envelope) }

  /// What keeps proxies from closing the connection. Clients skip it.
  static let pulse = ByteBuffer(string: ": still at work\n\n")

  private static func sent(_ type: String, _ value: some Encodable) throws -> ByteBuffer {
    var buffer = ByteBuffer(string: "event: \(type)\ndata: ")
    buffer.writeBytes(try JSONCoding.encode(value))
    buffer.writeString("\n\n")
    return buffer
  }
}
