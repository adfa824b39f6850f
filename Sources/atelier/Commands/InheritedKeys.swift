import Foundation
import Shared

/// Keys that `atelier up` hands to its children, on their standard input: they are on no command line, in no environment
/// and in no file, and are worth nothing after it.
struct InheritedKeys: Codable {
  /// For the coordinator: the public keys of the workers, in Z85.
  var workers: [String]?
  /// For a worker: its secret key, and the coordinator's public ones in Z85.
  var secret: Data?
  var servers: [String]?

  /// Says to a child that its standard input holds keys.
  static let variable = "ATELIER_INHERITED_KEYS"

  /// What a parent has handed over; nil if it has nothing.
  ///
  /// - Throws: `malformed`.
  static func read() throws -> InheritedKeys? {
    guard ProcessInfo.processInfo.environment[variable] != nil else { return nil }
    do {
      return try JSONDecoder().decode(Self.self, from: FileHandle.standardInput.readToEnd() ?? Data())
    } catch {
      throw AtelierError(.malformed, "The keys on the standard input cannot be read.", cause: error)
    }
  }

  var bytes: Data { get throws { try JSONEncoder().encode(self) } }

  /// As a worker proves itself with it; nil if it is none's.
  func curve() throws -> CurveClient? {
    let known = (servers ?? []).compactMap { CurveKey($0) }
    guard let secret, let first = known.first else { return nil }
    return CurveClient(keys: try CurveKeyPair(secretBytes: secret), server: first, others: Array(known.dropFirst()))
  }
}
