import Foundation
import Tensor

/// Address space that reads as zeros and takes no memory: what stands for a tensor that nobody will compute with.
final class ZeroPages: Sendable {
  private let region: Int
  private let count: Int

  /// Nil if the bytes do not fit into the address space.
  private init?(bytes: Int) {
    count = max(1, bytes)
    guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      base != MAP_FAILED
    else { return nil }
    region = Int(bitPattern: base)
  }

  deinit { munmap(UnsafeMutableRawPointer(bitPattern: region), count) }

  /// Nil if a tensor of that shape is larger than any machine.
  static func tensor(shape: [Int]) -> Tensor? {
    var bytes = MemoryLayout<Float>.stride
    for side in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: side)
      guard side >= 0, !overflow else { return nil }
      bytes = product
    }
    guard let pages = ZeroPages(bytes: bytes), let base = UnsafePointer<Float>(bitPattern: pages.region) else {
      return nil
    }
    return Tensor(shape: shape, borrowing: base, owner: pages)
  }
}
