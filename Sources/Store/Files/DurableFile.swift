import CLinux
import Foundation
import Shared

/// Files that are whole or not there, whatever dies when: written to a temporary name, synced, renamed.
enum DurableFile {
  /// Writes a file and the folders above it. Writing the same bytes again is harmless. When it returns, the file and
  /// its name survive a power cut.
  ///
  /// - Parameter aside: a folder on the same file system, where it is written first.
  /// - Throws: `system`; no part of the file is left then.
  static func write(_ bytes: [UInt8], to path: String, aside: String) throws(AtelierError) {
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
    try makeFolder(folder)
    try makeFolder(aside)
    // Two that write the same file at once must not share a temporary one.
    let temporary = "\(aside)/\(UInt64.random(in: 0...UInt64.max))"
    try writeContents(bytes, to: temporary)
    guard rename(temporary, path) == 0 else {
      let error = failure("save", path)
      unlink(temporary)
      throw error
    }
    try sync(folder: folder)
  }

  /// Writes a file whose contents, if synced, are durable, though its name may not be yet.
  ///
  /// - Throws: `system`; nothing is left then.
  static func writeContents(
    _ bytes: [UInt8], to temporary: String, synced isSynced: Bool = true
  ) throws(AtelierError) {
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw failure("create", temporary) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress! + written, bytes.count - written) }
      if count < 0 {
        if errno == EINTR { continue }
        let error = failure("write", temporary)
        close(file)
        unlink(temporary)
        throw error
      }
      written += count
    }
    let synced = isSynced ? fsync(file) : 0
    close(file)
    guard synced == 0 else {
      let error = failure("save", temporary)
      unlink(temporary)
      throw error
    }
  }

  /// All of a file; nil if it does not exist.
  ///
  /// - Throws: `system` if it cannot be read at the moment, which says nothing of what is in it: the disk may be in
  ///   trouble, or too many files open.
  static func read(_ path: String) throws(AtelierError) -> Data? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw failure("read", path)
    }
    defer { close(file) }
    var facts = stat()
    guard fstat(file, &facts) == 0 else { throw failure("read", path) }
    var data = Data(count: Int(facts.st_size))
    var filled = 0
    while filled < data.count {
      let count = data.withUnsafeMutableBytes { Foundation.read(file, $0.baseAddress! + filled, $0.count - filled) }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure("read", path)
      }
      // Shorter than it was a moment ago: its digest tells.
      if count == 0 { break }
      filled += count
    }
    return data.prefix(filled)
  }

  /// The size of a file in bytes; nil if it does not exist.
  ///
  /// - Throws: `system` if nobody can tell at the moment.
  static func size(of path: String) throws(AtelierError) -> Int? {
    var facts = stat()
    if stat(path, &facts) == 0 { return Int(facts.st_size) }
    if errno == ENOENT { return nil }
    throw failure("look at", path)
  }

  /// Makes a folder and those above it; one that is there is left as it is.
  ///
  /// - Throws: `system`.
  static func makeFolder(_ path: String) throws(AtelierError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw AtelierError("Cannot create the folder '\(path)'", system: error)
    }
  }

  /// Makes all that was written to the file system of a folder durable (`syncfs`), by other programs too.
  ///
  /// - Throws: `system`.
  static func syncFileSystem(of folder: String) throws(AtelierError) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", folder) }
    defer { close(descriptor) }
    guard syncfs(descriptor) == 0 else { throw failure("sync", folder) }
  }

  /// Makes a rename durable: a name is a part of its folder, which is synced by itself.
  ///
  /// - Throws: `system`.
  static func sync(folder: String) throws(AtelierError) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("sync", folder) }
  }

  /// The error of the call that failed last, as `errno` has it.
  private static func failure(_ verb: String, _ path: String) -> AtelierError {
    AtelierError(errno: errno, "Cannot \(verb) '\(path)'")
  }
}
