package import Foundation

/// A folder of secrets that is its owner's alone: 0700, its files 0600. A file is whole or not there.
package struct KeyFolder: Sendable {
  package let path: String

  /// Makes the folder if it is not there.
  ///
  /// - Throws: `system` if it cannot be made; `configuration` if others may look into it.
  package init(_ path: String) throws(AtelierError) {
    self.path = path
    do {
      let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
      try FileManager.default.createDirectory(
        atPath: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw AtelierError("Cannot create the folder of '\(path)'", system: error)
    }
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw AtelierError(errno: errno, "Cannot create '\(path)'") }
    try Self.check(path, mode: "0700")
  }

  /// The contents of a file; nil if it is not there.
  ///
  /// - Throws: `configuration` if others may read it, `system`.
  package func read(_ name: String) throws(AtelierError) -> Data? {
    let file = path + "/" + name
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw AtelierError(errno: errno, "Cannot read '\(file)'")
    }
    defer { close(descriptor) }
    try Self.check(file, descriptor: descriptor, mode: "0600")
    do {
      return try FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).readToEnd() ?? Data()
    } catch {
      throw AtelierError("Cannot read '\(file)'", system: error)
    }
  }

  /// Writes a file, durably, in the place of one that is there.
  ///
  /// - Throws: `system`; the old one is left then.
  package func write(_ bytes: some DataProtocol, to name: String) throws(AtelierError) {
    let file = path + "/" + name
    let aside = path + "/.\(UInt64.random(in: 0...UInt64.max))"
    let descriptor = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw AtelierError(errno: errno, "Cannot create '\(aside)'") }
    defer { unlink(aside) }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
    do {
      defer { close(descriptor) }
      try handle.write(contentsOf: Data(bytes))
      try handle.synchronize()
    } catch {
      throw AtelierError("Cannot write '\(file)'", system: error)
    }
    guard rename(aside, file) == 0 else { throw AtelierError(errno: errno, "Cannot save '\(file)'") }
    let folder = open(path, O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { throw AtelierError(errno: errno, "Cannot open '\(path)'") }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw AtelierError(errno: errno, "Cannot sync '\(path)'") }
  }

  /// Removes a file; one that is not there is none.
  ///
  /// - Throws: `system`.
  package func remove(_ name: String) throws(AtelierError) {
    guard unlink(path + "/" + name) == 0 || errno == ENOENT else {
      throw AtelierError(errno: errno, "Cannot remove '\(path)/\(name)'")
    }
  }

  /// Holds the folder for this process, until it ends.
  ///
  /// - Throws: `wrongState` if another process has it.
  package func hold() throws(AtelierError) {
    let file = path + "/lock"
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw AtelierError(errno: errno, "Cannot open '\(file)'") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return }
    close(descriptor)
    throw AtelierError(
      .wrongState,
      "Another worker uses the key in '\(path)'. Stop it, or give this one a folder of its own with --state.")
  }

  /// The key pair of a file, which is made if it is not there.
  ///
  /// - Throws: `malformed` if it is none, and what reading and writing throw.
  package func keyPair(_ name: String) throws(AtelierError) -> CurveKeyPair {
    if let bytes = try read(name) {
      guard bytes.count == 32 else {
        throw AtelierError(.malformed, "'\(path)/\(name)' is no key: it has \(bytes.count) bytes instead of 32.")
      }
      return try CurveKeyPair(secretBytes: bytes)
    }
    let keys = try CurveKeyPair()
    try write(keys.secretBytes, to: name)
    return keys
  }

  private static func check(_ path: String, descriptor: Int32? = nil, mode: String) throws(AtelierError) {
    var status = stat()
    guard (descriptor.map { fstat($0, &status) } ?? stat(path, &status)) == 0 else {
      throw AtelierError(errno: errno, "Cannot read '\(path)'")
    }
    guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
      throw AtelierError(
        .configuration,
        "'\(path)' holds secrets, and others may read it: it must be this user's, with mode \(mode). Say 'chmod \(mode) \(path)', and make the keys anew if others have looked."
      )
    }
  }
}
