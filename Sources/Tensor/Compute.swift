import CKernels

/// The operations of the engine, on a pool of threads.
///
/// Each operation cuts its work into items whose extents follow from the layer's shape and one
/// picture's size, and every item does its sums in a fixed order. So a result depends neither on the
/// number of threads nor on how many pictures share the call.
///
/// Shapes are the caller's responsibility (they were checked when weights and requests were read);
/// a mismatch here is an error of this program and traps.
package struct Compute: Sendable {
  package let threads: ThreadPool
  let kernels: Kernels

  /// Operations on `threads`, with the best kernels of this processor.
  package init(threads: ThreadPool) {
    self.threads = threads
    kernels = Kernels(level: Int(CK_AVX512.rawValue))
  }

  /// Calls `body` with 0 ..< count, each once, on the threads; not at all while tensors have no elements.
  ///
  /// All arithmetic of an operation is done in such items.
  func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    if !BufferPool.countsOnly { threads.run(count, body) }
  }

  /// The kernel table of one instruction set. Its function pointers are constants of the C target,
  /// so sharing them is safe.
  struct Kernels: @unchecked Sendable {
    let table: ck_table

    init(level: Int) { table = ck_kernels(Int32(level)) }
  }

  /// Cuts `extent` into equal parts of at most `limit`, each a multiple of `multiple` but the last.
  static func tile(_ extent: Int, limit: Int, multiple: Int = 16) -> (size: Int, count: Int) {
    let parts = max(1, (extent + limit - 1) / max(1, limit))
    let even = (extent + parts - 1) / parts
    let size = max(1, (even + multiple - 1) / multiple * multiple)
    return (size, (extent + size - 1) / size)
  }
}
