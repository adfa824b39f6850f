import Foundation
package import Shared

/// The key that this coordinator signs manifests with, in its data directory: `keys/manifest-signing`, which only the
/// coordinator's own user may read, in a folder that only it may enter.
package enum SigningKeyFile {
  /// Reads the key, or makes one if there is none yet.
  ///
  /// - Parameter folder: the data directory, which this process holds.
  /// - Throws: `system` if it cannot be read or written, or if others may read it; `malformed` if the file holds no
  ///   key, which is left as it is.
  package static func open(dataFolder folder: String) throws(AtelierError) -> SigningKey {
    let keys = folder + "/keys"
    let path = keys + "/manifest-signing"
    guard mkdir(keys, 0o700) == 0 || errno == EEXIST else {
      throw AtelierError(errno: errno, "Cannot create the folder '\(keys)'")
    }
    var status = stat()
    if stat(path, &status) != 0 {
      guard errno == ENOENT else { throw AtelierError(errno: errno, "Cannot read '\(path)'") }
      let key = SigningKey()
      try DurableFile.write(Array((key.text + "\n").utf8), to: path, aside: keys, mode: 0o600)
      return key
    }
    guard status.st_mode & 0o077 == 0 else {
      throw AtelierError(
        .system,
        "Cannot use '\(path)': others may read it, and who has can sign as this coordinator. If nobody has, "
          + "'chmod 600 \(path)'; else move it away, and a new one is made."
      )
    }
    do {
      return try SigningKey(text: String(contentsOfFile: path, encoding: .utf8))
    } catch let error as AtelierError {
      throw AtelierError(
        error.code,
        "Cannot use '\(path)'. \(error.message) Put it back from a copy, or move it away, and a new one is made."
      )
    } catch {
      throw AtelierError("Cannot read '\(path)'", system: error)
    }
  }
}
