package import Foundation
package import Shared

/// Where files of the OpenAI API lie: `<data>/files/<id>`.
///
/// A file is written aside, synced and renamed before the database names it; so one that is named is whole. One that
/// nobody names when the coordinator starts was on its way in when somebody died, and goes.
package struct FileFolder: Sendable {
  private let root: String
  private let aside: String

  /// Makes the folder, and empties what was written aside.
  ///
  /// - Throws: `system`.
  package init(dataFolder: String) throws(AtelierError) {
    root = dataFolder + "/files"
    aside = root + "/.incoming"
    try? FileManager.default.removeItem(atPath: aside)
    try DurableFile.makeFolder(aside)
  }

  /// The ids of all files.
  package func list() -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).filter { !$0.hasPrefix(".") }
  }

  /// A file, to be read; it stays as long as it is open. Nil if it is not there.
  ///
  /// - Throws: `system` if it cannot be opened at the moment.
  package func open(_ id: String) throws(AtelierError) -> FileHandle? {
    let descriptor = Foundation.open(path(id), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw AtelierError(errno: errno, "Cannot read '\(path(id))'")
    }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Removes a file; one that is gone already is no trouble.
  package func remove(_ id: String) { unlink(path(id)) }

  /// Begins a file, aside.
  ///
  /// - Throws: `system`.
  package func begin() throws(AtelierError) -> Writer {
    try DurableFile.makeFolder(aside)
    let path = "\(aside)/\(UInt64.random(in: 0...UInt64.max))"
    let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw AtelierError(errno: errno, "Cannot create '\(path)'") }
    return Writer(path: path, descriptor: descriptor, folder: self)
  }

  private func path(_ id: String) -> String { "\(root)/\(id)" }

  /// A file that is being written. It goes with the object, unless it was kept. For one thread at a time.
  package final class Writer: @unchecked Sendable {
    private let path: String
    private let descriptor: Int32
    private let folder: FileFolder
    /// In bytes, so far.
    package private(set) var size = 0

    fileprivate init(path: String, descriptor: Int32, folder: FileFolder) {
      self.path = path
      self.descriptor = descriptor
      self.folder = folder
    }

    deinit {
      close(descriptor)
      unlink(path)
    }

    /// - Throws: `system`.
    package func append(_ bytes: some ContiguousBytes) throws(AtelierError) {
      let code: Int32 = bytes.withUnsafeBytes { buffer in
        var written = 0
        while written < buffer.count {
          let count = write(descriptor, buffer.baseAddress! + written, buffer.count - written)
          if count < 0 {
            if errno == EINTR { continue }
            return errno
          }
          written += count
        }
        size += written
        return 0
      }
      guard code == 0 else { throw AtelierError(errno: code, "Cannot write '\(path)'") }
    }

    /// Gives it its name; it survives a power cut when this returns.
    ///
    /// - Throws: `system`.
    package func keep(as id: String) throws(AtelierError) {
      guard fsync(descriptor) == 0 else { throw AtelierError(errno: errno, "Cannot save '\(path)'") }
      guard rename(path, folder.path(id)) == 0 else { throw AtelierError(errno: errno, "Cannot save '\(path)'") }
      try DurableFile.sync(folder: folder.root)
    }
  }
}
