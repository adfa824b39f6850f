import CLinux
import Foundation
import Shared

/// A file on its way: whole under its name in the end, or not there. Several may be on their way to one name, as each
/// has none until then, so that nothing is left of it however the process ends. On a file system that knows no files
/// without a name it has one of its own, and goes with the object.
final class PartialFile {
  private let path: String
  private let temporary: String
  private let descriptor: Int32
  private var isOpen = true
  /// Whether it has the temporary name.
  private(set) var isThere: Bool
  /// In bytes, so far.
  private(set) var size = 0

  /// Begins a file.
  ///
  /// - Throws: `system` with what is in the way.
  init(of path: String) throws(AtelierError) {
    self.path = path
    let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
    // No longer than any name may be, whatever the file's own.
    temporary = folder + (folder.hasSuffix("/") ? "" : "/") + ".atelier-\(UInt64.random(in: 0...UInt64.max)).part"
    let unnamed = atelier_open_unnamed(folder)
    isThere = unnamed < 0
    descriptor = isThere ? open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) : unnamed
    guard descriptor >= 0 else { throw AtelierError(errno: errno, "Cannot write '\(path)'") }
  }

  deinit {
    if isOpen { close(descriptor) }
    if isThere { unlink(temporary) }
  }

  /// Appends bytes.
  ///
  /// - Throws: `system`, such as for a full disk.
  func write(_ bytes: some ContiguousBytes) throws(AtelierError) {
    let failure = bytes.withUnsafeBytes { bytes -> Int32? in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        if count < 0 { return errno }
        rest = rest.dropFirst(count)
      }
      size += bytes.count
      return nil
    }
    if let failure { throw AtelierError(errno: failure, "Cannot write '\(path)'") }
  }

  /// Gives the file its name. Once only.
  ///
  /// - Parameters:
  ///   - replacing: whether a file of that name is replaced; else it is an error, and stays as it is.
  ///   - durable: whether its bytes survive a power cut when this returns.
  /// - Throws: `system`; `invalidInput` for a file that is not to be replaced.
  func finish(replacing: Bool = true, durable: Bool = false) throws(AtelierError) {
    if durable, fsync(descriptor) != 0 { throw AtelierError(errno: errno, "Cannot write '\(path)'") }
    // Without a name it would go when it is closed. The name that it gets for a moment is one that is not taken.
    if !isThere {
      let name = replacing ? temporary : path
      guard atelier_name(descriptor, name) == 0 else {
        throw errno == EEXIST ? Self.taken(path) : AtelierError(errno: errno, "Cannot write '\(path)'")
      }
      isThere = replacing
    }
    isOpen = false
    // Some file systems say only now that they are full.
    guard close(descriptor) == 0 else {
      let number = errno
      if !isThere { unlink(path) }
      throw AtelierError(errno: number, "Cannot write '\(path)'")
    }
    guard isThere else { return }
    if replacing {
      guard rename(temporary, path) == 0 else { throw AtelierError(errno: errno, "Cannot write '\(path)'") }
      isThere = false
      return
    }
    // Fails if the name is taken, even since a moment ago.
    guard link(temporary, path) != 0 else { return }
    let number = errno
    guard number != EEXIST, access(path, F_OK) != 0 else { throw Self.taken(path) }
    // A file system that knows no links.
    guard [EPERM, EOPNOTSUPP, ENOSYS].contains(number), rename(temporary, path) == 0 else {
      throw AtelierError(errno: number, "Cannot write '\(path)'")
    }
    isThere = false
  }

  /// The error of a name that is not to be replaced.
  static func taken(_ path: String) -> AtelierError {
    AtelierError(.invalidInput, "There is a file '\(path)' already; name another or move it away.")
  }
}
