import Foundation
import Shared

/// Files that are whole or not there, whatever dies when: written to a temporary name, synced, renamed.
enum DurableFile {
  /// Writes a file and the folders above it. Writing the same bytes again is harmless.
  ///
  /// - Throws: `system`.
  static func write(_ bytes: [UInt8], to path: String) throws(AtelierError) {
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
    try makeFolder(folder)
    // Two that write the same file at once must not share a temporary one.
    let temporary = "\(path).\(UInt32.random(in: 0...UInt32.max)).part"
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
    let synced = fsync(file)
    close(file)
    guard synced == 0, rename(temporary, path) == 0 else {
      let error = failure("save", path)
      unlink(temporary)
      throw error
    }
    try sync(folder: folder)
  }

  static func makeFolder(_ path: String) throws(AtelierError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw AtelierError(.system, "Cannot create the folder '\(path)'.", cause: error)
    }
  }

  /// Makes a rename durable.
  private static func sync(folder: String) throws(AtelierError) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("sync", folder) }
  }

  private static func failure(_ verb: String, _ path: String) -> AtelierError {
    AtelierError(.system, "Cannot \(verb) '\(path)': \(String(cString: strerror(errno))).")
  }
}
