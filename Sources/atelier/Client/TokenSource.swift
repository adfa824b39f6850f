import Foundation
import Shared

/// Where the token comes from that a client asks with.
enum TokenSource: Sendable, Equatable {
  /// One that somebody has named.
  case given(String, from: String)
  /// The file of the coordinator on this machine, which writes it anew at each start; there is none while it asks
  /// nobody, or for who may not read it.
  case local(String)

  /// The token as it is now; nil where none is needed.
  ///
  /// - Throws: `invalidInput` for one that is none: sent on, it would only be refused, and be seen on the way.
  func text() throws(AtelierError) -> String? {
    switch self {
    case .local(let path): return try? Self.read(path)
    case .given(let text, let source):
      let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
      guard TokenSecret(text) != nil else {
        throw AtelierError(
          .invalidInput, "What '\(source)' has is no token; 'atelier token create' prints one, which begins with atl_.")
      }
      return text
    }
  }

  /// The text of a file, without what surrounds it.
  ///
  /// - Throws: `notFound` or `system`.
  static func read(_ path: String) throws(AtelierError) -> String {
    do {
      return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    } catch {
      throw AtelierError("Cannot read the token '\(path)'", system: error)
    }
  }
}
