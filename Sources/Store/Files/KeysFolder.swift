import Foundation
package import Shared

/// `<data>/keys`: what proves who somebody is, for the coordinator's own user alone: the folder 0700, its files 0600.
package struct KeysFolder: Sendable {
  private let folder: String

  /// Makes the folder, or takes it as it is but for its permissions.
  ///
  /// - Throws: `system`.
  package init(dataFolder: String) throws(AtelierError) {
    folder = LocalToken.folder(in: dataFolder)
    try DurableFile.makeFolder(folder)
    guard chmod(folder, 0o700) == 0 else {
      throw AtelierError(errno: errno, "Cannot keep others out of the folder '\(folder)'")
    }
  }

  /// Where a key lies.
  private func path(of name: String) -> String { "\(folder)/\(name)" }

  /// A key's text; nil if there is none.
  package func read(_ name: String) -> String? { try? String(contentsOfFile: path(of: name), encoding: .utf8) }

  /// Writes a key, whole or not at all, in place of the one that was there.
  ///
  /// - Throws: `system`.
  package func write(_ text: String, to name: String) throws(AtelierError) {
    let temporary = path(of: ".\(name).\(UInt64.random(in: 0...UInt64.max))")
    // Nobody else may read it at any moment.
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw AtelierError(errno: errno, "Cannot create '\(temporary)'") }
    let bytes = Array(text.utf8)
    let isWritten = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) } == bytes.count
    let isSynced = fsync(file) == 0
    let error = errno
    close(file)
    guard isWritten, isSynced, rename(temporary, path(of: name)) == 0 else {
      unlink(temporary)
      throw AtelierError(errno: error, "Cannot write '\(path(of: name))'")
    }
    try DurableFile.sync(folder: folder)
  }
}
