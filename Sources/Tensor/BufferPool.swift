import Glibc
import Synchronization

/// Recycles the heap buffers of tensors by size class.
///
/// Denoising asks for the same sizes again in every step; without recycling each activation of a
/// megabyte costs a fresh mapping and its page faults. For each size the pool holds at
/// most what was in use at the same time.
///
/// A pool can also hand out no memory at all and count only: operations on its tensors compute nothing, and the code of
/// a model tells by itself what it takes (``bytes(of:)``).
package final class BufferPool: Sendable {
  /// Where tensors take their buffers: one pool for the process, unless a test or a count has its own.
  @TaskLocal package static var current: BufferPool = BufferPool()

  /// Alignment of every buffer, in bytes: one cache line, one AVX-512 register.
  package static let alignment = 64

  /// Bytes of a huge page. Large buffers take them where the system has some, which spares the processor's table of
  /// recent pages and most page faults.
  private static let hugePage = 2 << 20

  private struct Buffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
  }

  private struct State: Sendable {
    /// What is not in use, by capacity.
    var free: [Int: [Buffer]] = [:]
    var bytes = 0
  }

  /// Whether buffers are counted only; there is no memory behind them.
  let countsOnly: Bool
  private let state = Mutex(State())

  package init(countsOnly: Bool = false) { self.countsOnly = countsOnly }

  deinit {
    guard !countsOnly else { return }
    for buffer in state.withLock({ $0.free.values.joined() }) { UnsafeMutableRawPointer(buffer.base).deallocate() }
  }

  /// Bytes that it has taken from the system: of each size as many buffers as were in use at the same time.
  package var bytes: Int { state.withLock { $0.bytes } }

  /// Bytes that the tensors of `body` would take, which is run for its shapes alone: its tensors have no elements, and
  /// no operation computes anything.
  ///
  /// What the threads work in while an operation runs is not counted. Layers that ran in `body` may have kept tensors
  /// without elements, and are good for nothing else.
  package static func bytes(of body: () throws -> Void) rethrows -> Int {
    let pool = BufferPool(countsOnly: true)
    try $current.withValue(pool) { try body() }
    return pool.bytes
  }

  /// Whether tensors that are made now have no elements.
  static var countsOnly: Bool { current.countsOnly }

  /// A buffer of at least `count` elements with undefined contents.
  func take(_ count: Int) -> (base: UnsafeMutablePointer<Float>, capacity: Int) {
    let capacity = Self.sizeClass(count)
    let bytes = capacity * MemoryLayout<Float>.stride
    let recycled = state.withLock { state in
      let buffer = state.free[capacity]?.popLast()
      if buffer == nil { state.bytes += bytes }
      return buffer
    }
    if let recycled { return (recycled.base, capacity) }
    if countsOnly { return (Self.nowhere.base, capacity) }
    let isLarge = bytes >= Self.hugePage
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? Self.hugePage : Self.alignment)
    // Advice: where there are no huge pages, the buffer is as good with small ones.
    if isLarge { madvise(raw, bytes, MADV_HUGEPAGE) }
    return (raw.bindMemory(to: Float.self, capacity: capacity), capacity)
  }

  /// Takes a buffer back.
  func give(_ base: UnsafeMutablePointer<Float>, capacity: Int) {
    let buffer = Buffer(base: base)
    state.withLock { $0.free[capacity, default: []].append(buffer) }
  }

  /// What stands for a buffer that is counted only; nobody may read or write there.
  private static let nowhere = Buffer(base: UnsafeMutablePointer<Float>.allocate(capacity: 1))

  /// Elements to allocate for `count`: rounded up to one of eight classes between powers of two, so
  /// that at most an eighth is wasted and neighbouring sizes share buffers.
  static func sizeClass(_ count: Int) -> Int {
    let least = max(count, 16)
    let octave = Int.bitWidth - least.leadingZeroBitCount - 1
    let granule = max(16, (1 << octave) / 8)
    return (least + granule - 1) / granule * granule
  }
}
