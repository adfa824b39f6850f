import Foundation
import Shared

/// Parameters of items, decoded once for each text under which they are kept.
final class ParameterCache {
  private var byText: [String: RenderParameters] = [:]
  /// More than jobs that run at one time have, and few enough to be held.
  private static let most = 1000

  /// - Throws: `malformed` if the text is not one that the store wrote.
  func parameters(_ text: String) throws -> RenderParameters {
    if let known = byText[text] { return known }
    let parameters = try JSONCoding.decode(RenderParameters.self, from: Data(text.utf8))
    if byText.count >= Self.most { byText.removeAll() }
    byText[text] = parameters
    return parameters
  }

  /// The text under which parameters are kept: the same for the same values.
  static func text(_ parameters: RenderParameters) throws -> String {
    String(decoding: try JSONCoding.encode(parameters), as: UTF8.self)
  }
}
