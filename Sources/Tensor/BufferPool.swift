import Glibc
import Synchronization

/// Recycles the heap buffers of tensors by size class.
///
/// Denoising asks for the same sizes again in every step; without recycling each activation of a
/// megabyte costs a fresh mapping and its page faults. For each size the pool holds at
/// most what was in use at the same time.
package final class BufferPool: Sendable {
  package static let shared = BufferPool()

  /// Alignment of every buffer, in bytes: one cache line, one AVX-512 register.
  package static let alignment = 64

  /// Bytes of a huge page. Large buffers take them where the system has some, which spares the processor's table of
  /// recent pages and most page faults.
  private static let hugePage = 2 << 20

  private struct Buffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
  }

  /// What is not in use, by capacity.
  private let free = Mutex<[Int: [Buffer]]>([:])

  /// A buffer of at least `count` elements with undefined contents.
  func take(_ count: Int) -> (base: UnsafeMutablePointer<Float>, capacity: Int) {
    let capacity = Self.sizeClass(count)
    if let recycled = free.withLock({ $0[capacity]?.popLast() }) { return (recycled.base, capacity) }
    let bytes = capacity * MemoryLayout<Float>.stride
    let isLarge = bytes >= Self.hugePage
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? Self.hugePage : Self.alignment)
    // Advice: where there are no huge pages, the buffer is as good with small ones.
    if isLarge { madvise(raw, bytes, MADV_HUGEPAGE) }
    return (raw.bindMemory(to: Float.self, capacity: capacity), capacity)
  }

  /// Takes a buffer back.
  func give(_ base: UnsafeMutablePointer<Float>, capacity: Int) {
    let buffer = Buffer(base: base)
    free.withLock { $0[capacity, default: []].append(buffer) }
  }

  /// Elements to allocate for `count`: rounded up to one of eight classes between powers of two, so
  /// that at most an eighth is wasted and neighbouring sizes share buffers.
  static func sizeClass(_ count: Int) -> Int {
    let least = max(count, 16)
    let octave = Int.bitWidth - least.leadingZeroBitCount - 1
    let granule = max(16, (1 << octave) / 8)
    return (least + granule - 1) / granule * granule
  }
}
