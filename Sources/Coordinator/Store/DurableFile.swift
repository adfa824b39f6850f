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
  static func writeContents(_ bytes: [UInt8], to temporary: String, synced isSynced: Bool = true) throws(AtelierError) {
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

  static func makeFolder(_ path: String) throws(AtelierError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw AtelierError(.system, "Cannot create the folder '\(path)'.", cause: error)
    }
  }

  /// Makes all that was written to the file system of a folder durable.
  static func syncFileSystem(of folder: String) throws(AtelierError) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", folder) }
    defer { close(descriptor) }
    guard syncfs(descriptor) == 0 else { throw failure("sync", folder) }
  }

  /// `syncfs(2)`, which the C library has and its Swift module does not show.
  private static let syncfs: @Sendable (Int32) -> Int32 = {
    typealias Function = @convention(c) (Int32) -> Int32
    guard let symbol = dlsym(nil, "syncfs") else {
      // All file systems then.
      return { _ in
        Foundation.sync()
        return 0
      }
    }
    let function = unsafeBitCast(symbol, to: Function.self)
    return { function($0) }
  }()

  /// Makes a rename durable.
  static func sync(folder: String) throws(AtelierError) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure("sync", folder) }
  }

  private static func failure(_ verb: String, _ path: String) -> AtelierError {
    AtelierError(.system, "Cannot \(verb) '\(path)': \(String(cString: strerror(errno))).")
  }
}
