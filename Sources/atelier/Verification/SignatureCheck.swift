import Crypto
import Foundation
import Shared

/// Compares the lines of a manifest, as they come, with what a coordinator has signed. The first thing that is wrong is
/// what is told.
struct SignatureCheck {
  /// What is wrong, in a sentence; nil while all is well.
  private(set) var problem: String?
  /// Of whose pictures the manifest is, as it is signed.
  private(set) var job: JobID?
  /// When the last part was signed.
  private(set) var signed: Date?
  /// The public key that was checked with.
  private(set) var key: String?

  private var statements: [ManifestStatement] = []
  private var current = 0
  /// Of the current statement, so far.
  private var hash = SHA256()
  private var count = 0
  /// Of all, so far.
  private var lines = 0

  /// Reads the statements and checks their signatures.
  ///
  /// - Parameters:
  ///   - path: of `manifest.sig.json`.
  ///   - trusted: the coordinator's keys; none takes the one that lies there.
  init(path: String, trusted: [VerifyingKey]) {
    do throws(AtelierError) {
      try read(path, trusted: trusted)
    } catch {
      problem = error.message
    }
  }

  private mutating func read(_ path: String, trusted: [VerifyingKey]) throws(AtelierError) {
    let bytes: [UInt8]
    do throws(AtelierError) {
      bytes = try LocalFile.read(path)
    } catch  where error.code == .notFound {
      throw AtelierError(
        .notFound, "There is no '\(path)': nothing vouches for the manifest. Fetch the job again, which brings it.")
    }
    guard let signature = try? JSONCoding.decode(ManifestSignature.self, from: Data(bytes)),
      let first = signature.parts.first
    else { throw AtelierError(.malformed, "'\(path)' is no signature of a manifest. Fetch the job again.") }
    let trusted = trusted.isEmpty ? [try VerifyingKey(text: first.key)] : trusted
    key = trusted.first { $0.text == first.key }?.text ?? trusted.first?.text
    for (index, part) in signature.parts.enumerated() {
      guard let signer = trusted.first(where: { $0.text == part.key }) else {
        let names = trusted.map(\.text).joined(separator: " or ")
        throw AtelierError(.malformed, "It is signed with the key \(part.key), not with \(names).")
      }
      guard signer.hasSigned(part.statement, part.signature) else {
        throw AtelierError(
          .malformed, "The signature of part \(index + 1) is not that of the key \(signer.text): it was changed.")
      }
      statements.append(try ManifestStatement(text: part.statement))
    }
    job = statements.first?.job
    signed = statements.last?.signed
    try checkOrder()
  }

  /// - Throws: `malformed` unless the statements are those of one job, from its first image to its last.
  private func checkOrder() throws(AtelierError) {
    var expected: ImageID? = ImageID(0)
    for (index, statement) in statements.enumerated() {
      guard statement.job == job else {
        throw AtelierError(.malformed, "It joins signatures of several jobs, such as \(statement.job).")
      }
      guard let start = expected, statement.after == start else { break }
      expected = statement.next
      if expected == nil, index == statements.count - 1 { return }
    }
    throw AtelierError(.malformed, "The signed parts do not follow each other: one was left out or moved.")
  }

  /// Takes the next line.
  ///
  /// - Parameter line: with its line feed.
  mutating func consume(_ line: Data) {
    guard problem == nil else { return }
    lines += 1
    guard current < statements.count else {
      problem = "The manifest has more lines than were signed, from line \(lines) on."
      return
    }
    hash.update(data: line)
    count += 1
    if count == statements[current].lines { end() }
  }

  /// Says that there are no more lines.
  mutating func finish() {
    guard problem == nil, current < statements.count else { return }
    problem = "The manifest has only \(lines) of the \(statements.reduce(0) { $0 + $1.lines }) lines that were signed."
  }

  /// Compares the lines of a statement, which are complete.
  private mutating func end() {
    if hexadecimal(hash.finalize()) != statements[current].sha256 {
      problem =
        "Lines \(lines - count + 1) to \(lines) of the manifest are not those that were signed: something in them was "
        + "changed, or two fetches of a job that went on wrote here at once. Fetch it again to have the signed ones."
    }
    (hash, count, current) = (SHA256(), 0, current + 1)
  }
}
