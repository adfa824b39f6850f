import Foundation
import Shared

/// What is answered to a call: `{"created": ..., "data": [{"url"}|{"b64_json"}, ...]}`. A line of a batch's output has
/// the same below `body`.
struct ImageAnswer: Encodable, Sendable {
  /// When the pictures were finished, in seconds since 1970.
  var created: Int
  var data: [Picture]

  /// A picture, in one of two ways.
  enum Picture: Encodable, Sendable {
    case url(String)
    /// A PNG file.
    case png(Data)

    private enum Key: String, CodingKey {
      case url
      case base64 = "b64_json"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      switch self {
      case .url(let url): try container.encode(url, forKey: .url)
      case .png(let file): try container.encode(file.base64EncodedString(), forKey: .base64)
      }
    }
  }
}
