import Foundation

/// A file mapped into memory for reading, shared between processes. The bytes come in as they are
/// touched and can be dropped again, so weights cost no memory of their own.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  package let bytes: UnsafeRawBufferPointer

  /// - Throws: `missing` if it cannot be opened, `malformed` if it is empty or no file.
  package init(path: String) throws(UnCLIPError) {
    self.path = path
    // Not to wait for whoever writes into a pipe.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw UnCLIPError(.missing, "Cannot read '\(path)': \(String(cString: strerror(errno))).")
    }
    defer { close(file) }
    var information = stat()
    guard fstat(file, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
      throw UnCLIPError(.malformed, "Cannot read '\(path)': it is no file.")
    }
    guard information.st_size > 0 else {
      throw UnCLIPError(.malformed, "Cannot read '\(path)': it is empty.")
    }
    let count = Int(information.st_size)
    guard let base = mmap(nil, count, PROT_READ, MAP_SHARED, file, 0), base != MAP_FAILED else {
      throw UnCLIPError(.malformed, "Cannot map '\(path)': \(String(cString: strerror(errno))).")
    }
    bytes = UnsafeRawBufferPointer(start: base, count: count)
  }

  /// Gives back the memory of the pages within a range; they come in again when they are touched.
  func release(_ range: Range<Int>) {
    let page = Int(getpagesize())
    let (start, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
    guard start < end else { return }
    madvise(UnsafeMutableRawPointer(mutating: bytes.baseAddress?.advanced(by: start)), end - start, MADV_DONTNEED)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
}
