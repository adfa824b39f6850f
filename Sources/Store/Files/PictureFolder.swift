import Crypto
package import Foundation
package import Shared

/// Where finished pictures lie: `<data>/pictures/<job>/<thousands>/<item>-<image>.png`.
///
/// A picture is written to a name of its own beside them, synced, and renamed once its result counts; the database
/// names it only afterwards: so a file that the database names is whole, whatever dies when. Writing and syncing needs
/// no turn, so several pictures are written at once.
package struct PictureFolder: PictureStore {
  /// Absolute, or relative to the working directory, as the data directory is given.
  package let root: String
  /// Where pictures wait for their turn: on the same file system, so that a rename brings them to their place.
  private let aside: String

  /// Where pictures go that are no longer kept, until they are deleted.
  private let removed: String

  /// Makes the folder, and empties what was put aside.
  ///
  /// - Throws: `system`.
  package init(dataFolder: String) throws(AtelierError) {
    root = dataFolder + "/pictures"
    try DurableFile.makeFolder(root)
    aside = root + "/.incoming"
    removed = root + "/.removed"
    // What is there belongs to results that nobody was told are committed: they come again.
    try? FileManager.default.removeItem(atPath: aside)
    try DurableFile.makeFolder(aside)
  }

  /// The name of a picture's file, relative to the folder. Folders of 1,000 items stay quick to list.
  package static func name(job: JobID, item: Int, index: Int) -> String {
    "\(job)/\(padded(item / 1000, 4))/\(padded(item, 6))-\(index).png"
  }

  package func stage(_ pictures: [[UInt8]]) throws(AtelierError) -> [String] {
    // A few are synced one by one; for many the whole file system once is less work for the disk.
    let isMany = pictures.count > Self.few
    var paths: [String] = []
    do throws(AtelierError) {
      for bytes in pictures {
        let path = "\(aside)/\(UInt64.random(in: 0...UInt64.max))"
        try write(bytes, to: path, synced: !isMany)
        paths.append(path)
      }
      if isMany { try DurableFile.syncFileSystem(of: aside) }
    } catch {
      for path in paths { unlink(path) }
      throw error
    }
    return paths
  }

  /// How many are synced one by one.
  private static let few = 3

  /// Writes a picture; somebody may have removed the folder while the coordinator runs.
  private func write(_ bytes: [UInt8], to path: String, synced: Bool) throws(AtelierError) {
    do throws(AtelierError) {
      try DurableFile.writeContents(bytes, to: path, synced: synced)
    } catch  where error.systemError == ENOENT {
      try DurableFile.makeFolder(aside)
      try DurableFile.writeContents(bytes, to: path, synced: synced)
    }
  }

  package func place(_ staged: String, name: String) throws(AtelierError) -> String {
    let path = root + "/" + name
    let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
    if rename(staged, path) == 0 { return folder }
    // Once in a thousand pictures the folder is not there.
    try DurableFile.makeFolder(folder)
    if rename(staged, path) == 0 { return folder }
    let code = errno
    // A turn that is decided again places the same picture again.
    if code == ENOENT, access(staged, F_OK) != 0, access(path, F_OK) == 0 { return folder }
    throw AtelierError(errno: code, "Cannot save '\(path)'")
  }

  package func sync(_ folders: Set<String>) throws(AtelierError) {
    for folder in folders { try DurableFile.sync(folder: folder) }
  }

  package func discard(_ staged: String) { unlink(staged) }

  /// The bytes of a picture; or, as a failure, that it is lost: it does not exist, or is not what the database says.
  ///
  /// - Parameter sha256: that the database has of it, in hexadecimal.
  /// - Throws: `system` if it cannot be read at the moment, for a reason that says nothing of the picture.
  package func check(_ name: String, sha256: String) throws(AtelierError) -> Result<Data, AtelierError> {
    let path = "\(root)/\(name)"
    guard let data = try DurableFile.read(path) else {
      return .failure(
        AtelierError(.system, "The picture '\(path)' is missing on disk, though the database names it."))
    }
    guard hexadecimal(SHA256.hash(data: data)) == sha256 else {
      return .failure(
        AtelierError(.system, "The picture '\(path)' does not match its SHA-256; it was damaged on disk."))
    }
    return .success(data)
  }

  /// Takes all pictures of a job out of their place, so that new ones may come there; durable after
  /// ``syncRemovals()``. What is not there needs no removing.
  ///
  /// - Throws: `system`.
  package func setAside(_ job: JobID) throws(AtelierError) {
    try DurableFile.makeFolder(removed)
    let folder = "\(root)/\(job)"
    guard rename(folder, "\(removed)/\(job)-\(UInt32.random(in: 0...UInt32.max))") != 0 else { return }
    if errno != ENOENT { throw AtelierError(errno: errno, "Cannot remove the pictures '\(folder)'") }
  }

  /// Makes it durable that pictures were set aside.
  ///
  /// - Throws: `system`.
  package func syncRemovals() throws(AtelierError) { try sync([root, removed]) }

  /// Deletes what was set aside, also by a process that died.
  ///
  /// - Throws: `system`.
  package func emptyRemoved() throws(AtelierError) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: removed)) ?? [] {
      do {
        try FileManager.default.removeItem(atPath: "\(removed)/\(name)")
      } catch {
        throw AtelierError("Cannot remove the pictures '\(removed)/\(name)'", system: error)
      }
    }
  }

  /// A number with zeros before it, so that names sort as numbers do.
  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
