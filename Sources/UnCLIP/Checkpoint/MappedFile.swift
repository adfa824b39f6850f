import Foundation

/// A file mapped into memory for reading, shared between processes. The bytes come in as they are
/// touched and can be dropped again, so weights cost no memory of their own.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  package let bytes: UnsafeRawBufferPointer

  /// - Throws: `missing` if it cannot be opened, `malformed` if it is empty.
  package init(path: String) throws(UnCLIPError) {
    self.path = path
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      throw UnCLIPError(.missing, "Cannot read '\(path)': \(String(cString: strerror(errno))).")
    }
    defer { close(file) }
    var information = stat()
    guard fstat(file, &information) == 0, information.st_size > 0 else {
      throw UnCLIPError(.malformed, "Cannot read '\(path)': it is empty.")
    }
    let count = Int(information.st_size)
    guard let base = mmap(nil, count, PROT_READ, MAP_SHARED, file, 0), base != MAP_FAILED else {
      throw UnCLIPError(.malformed, "Cannot map '\(path)': \(String(cString: strerror(errno))).")
    }
    bytes = UnsafeRawBufferPointer(start: base, count: count)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
}
