import Crypto
import Foundation
package import Shared

/// Where the files lie that requests came with: `<data>/sources/<two digits>/<SHA-256>`.
///
/// A file is named by its content, so that the same file is kept once, however many jobs name it. What a job names
/// stays as long as the job, since a retry may read it. A file that none names is removed a day after it was found so
/// and asked for last: a job that names it may still be on its way.
package final class SourceFolder: @unchecked Sendable {
  private let root: String
  /// Where files are written first.
  private let aside: String
  private let lock = NSLock()
  /// Since when a file is known to be named by nobody, and nobody has asked for it. By the clock that only goes
  /// forward: nothing goes early because the wall clock was set.
  private var unnamed: [String: ContinuousClock.Instant] = [:]

  /// Makes the folder, and empties what was written aside.
  ///
  /// - Throws: `system` if the folder cannot be made.
  package init(dataFolder: String) throws(AtelierError) {
    root = dataFolder + "/sources"
    aside = root + "/.incoming"
    try? FileManager.default.removeItem(atPath: aside)
    try DurableFile.makeFolder(root)
  }

  /// The size of a file in bytes; nil if it is not here. If it is, it stays for a day at least, so that a job can name
  /// it. Damage is found when it is read.
  ///
  /// - Parameter digest: 64 hexadecimal digits.
  /// - Throws: `system` if nobody can tell at the moment.
  package func size(of digest: String) throws(AtelierError) -> Int? {
    // Not looked at first: between the two it could be removed.
    lock.lock()
    defer { lock.unlock() }
    unnamed[digest] = nil
    return try DurableFile.size(of: path(digest))
  }

  /// Compares a file with the digest that it came under.
  ///
  /// - Throws: `invalidInput` if the bytes have another.
  package static func check(_ bytes: [UInt8], digest: String) throws(AtelierError) {
    guard hexadecimal(SHA256.hash(data: bytes)) == digest else {
      throw AtelierError(.invalidInput, "The file does not have the SHA-256 \(digest); it was damaged on the way.")
    }
  }

  /// Keeps a file durably; one that is here already is not written again.
  ///
  /// - Throws: `invalidInput` if the bytes have another digest, `system` if they cannot be written.
  package func write(_ bytes: [UInt8], digest: String) throws(AtelierError) {
    try Self.check(bytes, digest: digest)
    if try size(of: digest) != nil { return }
    try DurableFile.write(bytes, to: path(digest), aside: aside)
  }

  /// A file as it goes to a worker.
  ///
  /// - Throws: `notFound` if it does not exist, `malformed` if it was damaged on disk: both are for good. `system` if it
  ///   cannot be read at the moment.
  package func read(_ digest: String) throws(AtelierError) -> Artifact {
    guard let data = try DurableFile.read(path(digest)) else {
      throw AtelierError(.notFound, "The file '\(path(digest))', which a request came with, is missing.")
    }
    let file = Artifact(source: Array(data))
    guard hexadecimal(file.sha256) == digest else {
      throw AtelierError(.malformed, "The file '\(path(digest))', which a request came with, is damaged on disk.")
    }
    return file
  }

  /// The digests of all files, in any order.
  package func list() -> [String] {
    let files = FileManager.default
    return ((try? files.contentsOfDirectory(atPath: root)) ?? []).flatMap { folder in
      ((try? files.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []).filter { name in
        if SourceFile.isDigest(name) { return true }
        // Earlier versions left parts here.
        if name.hasSuffix(".part") { unlink("\(root)/\(folder)/\(name)") }
        return false
      }
    }
  }

  /// Removes those files, of such as no request names, that nobody has asked for since they were found so a day ago.
  ///
  /// - Returns: those that are gone.
  package func remove(unnamed digests: [String], at now: ContinuousClock.Instant) -> [String] {
    digests.filter { digest in
      lock.withLock {
        let since = unnamed[digest, default: now]
        unnamed[digest] = since
        guard now - since >= Self.grace, unlink(path(digest)) == 0 else { return false }
        unnamed[digest] = nil
        return true
      }
    }
  }

  private static let grace = Duration.seconds(86_400)

  private func path(_ digest: String) -> String { "\(root)/\(digest.prefix(2))/\(digest)" }
}
