import Foundation

extension String {
  /// As a part of a URL's path, or a value of its query: all but letters, digits and `-._~` as percent and number
  /// (RFC 3986).
  var asURLWord: String {
    addingPercentEncoding(
      withAllowedCharacters: CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")) ?? self
  }
}
