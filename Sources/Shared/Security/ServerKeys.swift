package import Foundation

/// The coordinator's keys at the workers' port, in `keys` of its data directory: the one that it proves itself with, and
/// the one with which it does so from a time on. ZeroMQ has one key an address, so the two are never in use at once;
/// workers learn the next one before, and know the coordinator by either.
package struct ServerKeys: Sendable {
  /// The key that follows.
  package struct Next: Sendable {
    package let keys: CurveKeyPair
    /// By the wall clock.
    package let from: Date
  }

  /// What is kept of the next one.
  private struct Kept: Codable {
    var secret: Data
    /// Seconds since 1970.
    var from: Double
  }

  package let current: CurveKeyPair
  package let next: Next?

  private static let (currentFile, nextFile) = ("workers.key", "workers-next.json")

  package init(current: CurveKeyPair, next: Next? = nil) {
    self.current = current
    self.next = next
  }

  /// Reads the keys, or makes one if there is none yet.
  ///
  /// - Throws: `malformed` if a file holds none; what the folder throws.
  package init(in folder: KeyFolder) throws(AtelierError) {
    current = try folder.keyPair(Self.currentFile)
    guard let bytes = try folder.read(Self.nextFile) else {
      next = nil
      return
    }
    do {
      let kept = try JSONCoding.decode(Kept.self, from: bytes)
      let keys = try CurveKeyPair(secretBytes: kept.secret)
      // The process may have died between the two files of a change.
      next =
        keys.publicKey == current.publicKey ? nil : Next(keys: keys, from: Date(timeIntervalSince1970: kept.from))
    } catch {
      throw AtelierError(
        .malformed, "'\(folder.path)/\(Self.nextFile)' cannot be read. Remove it, and the key stays as it is.",
        cause: error)
    }
  }

  /// By which workers are to know the coordinator: that of now first.
  package var known: [CurveKey] { [current.publicKey] + (next.map { [$0.keys.publicKey] } ?? []) }

  /// Lets a new key follow. If one follows already, only its time changes: asking twice makes no second one.
  ///
  /// - Throws: what the folder throws; nothing has changed then.
  package func rotated(from time: Date, in folder: KeyFolder) throws -> ServerKeys {
    let next = Next(keys: try next?.keys ?? CurveKeyPair(), from: time)
    let kept = Kept(secret: Data(next.keys.secretBytes), from: time.timeIntervalSince1970)
    try folder.write(JSONCoding.encode(kept), to: Self.nextFile)
    return ServerKeys(current: current, next: next)
  }

  /// The next key is that of now.
  ///
  /// - Throws: what the folder throws; nothing has changed then.
  package func switched(in folder: KeyFolder) throws(AtelierError) -> ServerKeys {
    guard let next else { return self }
    try folder.write(next.keys.secretBytes, to: Self.currentFile)
    // If it stays it says what is so already.
    try? folder.remove(Self.nextFile)
    return ServerKeys(current: next.keys)
  }
}
