package import Foundation
package import Shared

/// Where finished pictures lie: `<data>/pictures/<job>/<thousands>/<item>-<image>.png`.
///
/// A picture is written to a temporary name, synced and renamed, and the database names it only
/// afterwards: so a file that the database names is whole, whatever dies when.
package struct PictureFolder: Sendable {
  package let root: String

  package init(dataFolder: String) throws(AtelierError) {
    root = dataFolder + "/pictures"
    try Self.makeFolder(root)
  }

  /// The name of a picture's file, relative to the folder. Folders of 1,000 items stay quick to list.
  package static func name(job: JobID, item: Int, index: Int) -> String {
    "\(job)/\(padded(item / 1000, 4))/\(padded(item, 6))-\(index).png"
  }

  /// Writes a picture durably. Writing the same picture again is harmless.
  package func write(_ bytes: [UInt8], name: String) throws(AtelierError) {
    let path = root + "/" + name
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
    try Self.makeFolder(folder)
    let temporary = path + ".part"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw Self.failure("create", temporary) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress! + written, bytes.count - written) }
      if count < 0 {
        if errno == EINTR { continue }
        let error = Self.failure("write", temporary)
        close(file)
        unlink(temporary)
        throw error
      }
      written += count
    }
    let synced = fsync(file)
    close(file)
    guard synced == 0, rename(temporary, path) == 0 else {
      let error = Self.failure("save", path)
      unlink(temporary)
      throw error
    }
    try Self.sync(folder: folder)
  }

  /// The bytes of a picture.
  package func read(_ name: String) throws(AtelierError) -> Data {
    guard let data = FileManager.default.contents(atPath: root + "/" + name) else {
      throw AtelierError(.system, "The picture '\(root)/\(name)' is missing on disk, though the database names it.")
    }
    return data
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  private static func makeFolder(_ path: String) throws(AtelierError) {
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
