import Synchronization

/// Recycles the heap buffers of tensors by size class.
///
/// Denoising asks for the same sizes again in every step; without recycling each activation of a
/// megabyte costs a fresh mapping and its page faults. For each size the pool holds at
/// most what was in use at the same time, and ``trim()`` empties it.
package final class BufferPool: Sendable {
  package static let shared = BufferPool()

  /// Alignment of every buffer, in bytes: one cache line, one AVX-512 register.
  package static let alignment = 64

  private struct Buffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
  }

  private struct State {
    var free: [Int: [Buffer]] = [:]
    var freeBytes = 0
    var usedBytes = 0
    var peakBytes = 0
  }

  private let state = Mutex(State())

  /// Bytes in use by tensors now and at most so far, and bytes kept for reuse.
  package var statistics: (used: Int, peak: Int, free: Int) {
    state.withLock { ($0.usedBytes, $0.peakBytes, $0.freeBytes) }
  }

  /// A buffer of at least `count` elements with undefined contents.
  func take(_ count: Int) -> (base: UnsafeMutablePointer<Float>, capacity: Int) {
    let capacity = Self.sizeClass(count)
    let bytes = capacity * MemoryLayout<Float>.stride
    let recycled = state.withLock { state -> Buffer? in
      state.usedBytes += bytes
      state.peakBytes = max(state.peakBytes, state.usedBytes)
      guard let buffer = state.free[capacity]?.popLast() else { return nil }
      state.freeBytes -= bytes
      return buffer
    }
    if let recycled { return (recycled.base, capacity) }
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Self.alignment)
    return (raw.bindMemory(to: Float.self, capacity: capacity), capacity)
  }

  /// Takes a buffer back.
  func give(_ base: UnsafeMutablePointer<Float>, capacity: Int) {
    let bytes = capacity * MemoryLayout<Float>.stride
    let buffer = Buffer(base: base)
    state.withLock { state in
      state.usedBytes -= bytes
      state.freeBytes += bytes
      state.free[capacity, default: []].append(buffer)
    }
  }

  /// Frees what is not in use, for instance between two models.
  package func trim() {
    let buffers = state.withLock { state in
      let buffers = state.free.values.flatMap { $0 }
      state.free = [:]
      state.freeBytes = 0
      return buffers
    }
    for buffer in buffers { UnsafeMutableRawPointer(buffer.base).deallocate() }
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
