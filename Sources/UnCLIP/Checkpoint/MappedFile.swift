import CLinux
import Foundation
import Synchronization

/// A file mapped into memory for reading, shared between processes. The bytes come in as they are
/// touched and can be dropped again, so weights cost no memory of their own.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  package let bytes: UnsafeRawBufferPointer
  /// Kept open: it tells of the file that is mapped, also when another has taken its name.
  private let descriptor: Int32
  private let known: Mutex<Stamp>

  /// What changes when somebody writes into a file.
  struct Stamp: Equatable {
    fileprivate var size: Int
    fileprivate var seconds: Int
    fileprivate var nanoseconds: Int

    fileprivate init(_ information: stat) {
      size = Int(information.st_size)
      (seconds, nanoseconds) = (information.st_mtim.tv_sec, information.st_mtim.tv_nsec)
    }
  }

  /// From here on, where a mapped file is cut short while it is in use, zeros are read, and the process goes on. It must
  /// ask for ``change`` before anything that was computed counts.
  package static func outlivesTruncation() { _ = atelier_read_missing_pages_as_zeros() }

  /// - Throws: `missing` if it cannot be opened, `malformed` if it is empty or no file.
  package init(path: String) throws(UnCLIPError) {
    self.path = path
    // Not to wait for whoever writes into a pipe.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw UnCLIPError(.missing, "Cannot read '\(path)': \(String(cString: strerror(errno))).")
    }
    do throws(UnCLIPError) {
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
      known = Mutex(Stamp(information))
    } catch {
      close(file)
      throw error
    }
    descriptor = file
  }

  /// What the file is now, if somebody has written into it since it was mapped or last accepted; nil if not.
  var change: Stamp? {
    var information = stat()
    fstat(descriptor, &information)
    let stamp = Stamp(information)
    return known.withLock { $0 == stamp } ? nil : stamp
  }

  /// Whether a change took away bytes that are mapped.
  func isTruncated(_ change: Stamp) -> Bool { change.size < bytes.count }

  /// Takes a change for none: what was written is what was there.
  func accept(_ change: Stamp) { known.withLock { $0 = change } }

  /// Gives back the memory of the pages within a range; they come in again when they are touched.
  func release(_ range: Range<Int>) {
    let page = Int(getpagesize())
    let (start, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
    guard start < end else { return }
    madvise(UnsafeMutableRawPointer(mutating: bytes.baseAddress?.advanced(by: start)), end - start, MADV_DONTNEED)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    close(descriptor)
  }
}
