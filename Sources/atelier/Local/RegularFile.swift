import Foundation
import Shared

/// Opens files that have an end: a FIFO would let the command wait for ever, and a device may do anything.
enum RegularFile {
  /// Opens a file for reading, which closes when nobody holds it.
  ///
  /// - Returns: the file, and its size in bytes at this moment.
  /// - Throws: `notFound` if there is none or it is a folder, `invalidInput` if it is no regular file, `system` if it
  ///   cannot be read.
  static func open(_ path: String) throws(AtelierError) -> (file: FileHandle, size: Int) {
    var status = stat()
    // Before it is opened, which alone may do something to a device.
    guard stat(path, &status) == 0 else { throw cannotRead(path, errno) }
    try check(status, path)
    // Another may have taken its place since: without blocking, a FIFO opens at once.
    let descriptor = Foundation.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { throw cannotRead(path, errno) }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard fstat(descriptor, &status) == 0 else { throw cannotRead(path, errno) }
    try check(status, path)
    return (file, Int(status.st_size))
  }

  private static func check(_ status: stat, _ path: String) throws(AtelierError) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: return
    case S_IFDIR: throw AtelierError(.notFound, "Cannot read '\(path)': it is a folder.")
    case S_IFIFO: throw AtelierError(.invalidInput, "Cannot read '\(path)': it is a pipe, not a file.")
    case S_IFSOCK: throw AtelierError(.invalidInput, "Cannot read '\(path)': it is a socket, not a file.")
    default: throw AtelierError(.invalidInput, "Cannot read '\(path)': it is a device, not a file.")
    }
  }

  private static func cannotRead(_ path: String, _ number: Int32) -> AtelierError {
    switch number {
    case ENOENT, ENOTDIR: AtelierError(.notFound, "Cannot read '\(path)': there is no such file.")
    case EACCES, EPERM: AtelierError(.system, "Cannot read '\(path)': permission denied.")
    default: AtelierError(errno: number, "Cannot read '\(path)'")
    }
  }
}
