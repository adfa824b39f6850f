/// The memory behind a ``Tensor``: an aligned heap buffer of its own, or a region of a mapped file
/// that an owner keeps alive.
///
/// Heap buffers come from ``BufferPool`` and go back to it, so that a denoising step after the first
/// finds its activations' memory warm instead of asking the kernel for pages.
///
/// Sharing between threads is safe because a ``Tensor`` is written only while it is made, and borrowed
/// regions are never written.
package final class TensorStorage: @unchecked Sendable {
  /// First element, aligned to 64 bytes for heap buffers, to 4 for borrowed regions.
  let base: UnsafeMutablePointer<Float>
  /// Elements that belong to the tensor (the buffer may be larger).
  let count: Int
  /// Keeps a borrowed region alive; `nil` for heap buffers.
  private let owner: (any AnyObject & Sendable)?
  private let capacity: Int
  /// Where a heap buffer goes back to; `nil` for borrowed regions.
  private let pool: BufferPool?

  /// A heap buffer of `count` elements whose contents are undefined.
  init(uninitialized count: Int) {
    let pool = BufferPool.current
    let buffer = pool.take(count)
    self.pool = pool
    base = buffer.base
    capacity = buffer.capacity
    self.count = count
    owner = nil
  }

  /// A region that `owner` keeps alive and nobody writes to.
  init(borrowing base: UnsafePointer<Float>, count: Int, owner: any AnyObject & Sendable) {
    self.base = UnsafeMutablePointer(mutating: base)
    self.count = count
    capacity = 0
    pool = nil
    self.owner = owner
  }

  /// Whether there is memory behind it, and not only a count of what it would take.
  var hasElements: Bool { pool?.countsOnly != true }

  deinit {
    pool?.give(base, capacity: capacity)
  }
}
