import CKernels

extension Compute {
  /// Rows of weights that an item multiplies: few enough that the items of a layer occupy all threads.
  private static func rowsAtOnce(of outer: Int) -> Int { outer >= 2048 ? 48 : 24 }
  /// Of the weights' depth, what is widened at once: long enough that the processor foresees what is read.
  private static let widenedAtOnce = 2048
  /// Of the sums: what of weights and panel stays in the nearer caches.
  private static let depthAtOnce = 512
  /// Weights that stay in the second-level cache beside a panel.
  private static let smallLimit = 1 << 16
  /// Panels from which on small weights are multiplied panel by panel.
  private static let panelsOfSmall = 4
  /// How many of them an item takes: few enough that the items of a layer occupy all threads.
  private static func panelsAtOnce(of panels: Int) -> Int { max(1, min(8, panels / 8)) }
  /// Values of the panels that are packed at once.
  private static let packedLimit = 2 << 20

  /// Products of a weight matrix with columns that are packed on the way, 32 a panel.
  ///
  /// The weights are read (and, from half precision, widened) once for all panels that are packed at a time. Each sum
  /// runs over the depth in order, whatever else is computed beside it.
  ///
  /// - Parameters:
  ///   - columns: how many columns of panel number `$0` count.
  ///   - pack: writes panel number `$0`, `[depth of the weights, 32]`, to `$1`.
  ///   - take: takes the products of panel `$0` and some rows, `[rows, 32]`.
  func panelProduct(
    _ weight: Weights, panels: Int,
    columns: @escaping @Sendable (Int) -> Int, pack: @escaping @Sendable (Int, UnsafeMutablePointer<Float>) -> Void,
    take: @escaping @Sendable (Int, Range<Int>, UnsafePointer<Float>) -> Void
  ) {
    let (outer, depth) = (weight.rows, weight.depth)
    let work = Panels(count: panels, columns: columns, pack: pack, take: take)
    if outer * depth <= Self.smallLimit, panels >= Self.panelsOfSmall {
      smallPanelProduct(weight, work)
    } else {
      largePanelProduct(weight, work)
    }
  }

  /// The panels of a product: how many there are, and what `panelProduct` was told of them.
  private struct Panels: Sendable {
    let count: Int
    let columns: @Sendable (Int) -> Int
    let pack: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void
    let take: @Sendable (Int, Range<Int>, UnsafePointer<Float>) -> Void
  }

  /// Each item packs some panels and multiplies them by all weights, which stay in the second-level cache.
  private func smallPanelProduct(_ weight: Weights, _ panels: Panels) {
    let (outer, depth) = (weight.rows, weight.depth)
    let table = kernels.table
    let scratch = Tensor(uninitialized: [weight.element == .float32 ? 1 : outer * Weights.scratchStride(depth)])
    // The weights are widened before the items share them.
    if BufferPool.countsOnly { return }
    let block = weight.block(rows: 0..<outer, columns: 0..<depth, table, scratch: scratch.unsharedBase)
    let factors = Factors(base: block.base, stride: block.stride)
    let part = Self.tile(panels.count, limit: Self.panelsAtOnce(of: panels.count), multiple: 1)
    run(part.count) { item in
      let packed = Tensor(uninitialized: [depth, Self.panel])
      let products = Tensor(uninitialized: [outer, Self.panel])
      for panel in item * part.size..<min(panels.count, (item + 1) * part.size) {
        panels.pack(panel, packed.unsharedBase)
        for first in stride(from: 0, to: depth, by: Self.depthAtOnce) {
          table.product(
            factors.base + first, factors.stride, packed.base + first * Self.panel, Self.panel, outer,
            min(Self.depthAtOnce, depth - first), panels.columns(panel), products.unsharedBase, Self.panel, first > 0,
            nil)
        }
        panels.take(panel, 0..<outer, products.base)
      }
      withExtendedLifetime((packed, products)) {}
    }
    withExtendedLifetime(scratch) {}
  }

  /// Weights that are read by all threads and written by none.
  private struct Factors: @unchecked Sendable {
    let base: UnsafePointer<Float>
    let stride: Int
  }

  /// All threads pack panels, then each item multiplies some rows of the weights by all of these.
  private func largePanelProduct(_ weight: Weights, _ panels: Panels) {
    let (outer, depth) = (weight.rows, weight.depth)
    let table = kernels.table
    let panelSize = depth * Self.panel
    let atOnce = min(panels.count, max(2, min(64, Self.packedLimit / panelSize)))
    let rows = Self.tile(outer, limit: Self.rowsAtOnce(of: outer), multiple: 12)
    let packed = Tensor(uninitialized: [atOnce, depth, Self.panel])
    for firstPanel in stride(from: 0, to: panels.count, by: atOnce) {
      let count = min(atOnce, panels.count - firstPanel)
      run(count) { slot in
        panels.pack(firstPanel + slot, packed.unsharedBase + slot * panelSize)
      }
      run(rows.count) { item in
        let range = item * rows.size..<min(outer, (item + 1) * rows.size)
        let products = Tensor(uninitialized: [count, range.count, Self.panel])
        let scratch = Tensor(
          uninitialized: [
            weight.element == .float32 ? 1 : range.count * Weights.scratchStride(min(depth, Self.widenedAtOnce))
          ])
        for begin in stride(from: 0, to: depth, by: Self.widenedAtOnce) {
          let end = min(depth, begin + Self.widenedAtOnce)
          let block = weight.block(rows: range, columns: begin..<end, table, scratch: scratch.unsharedBase)
          for slot in 0..<count {
            for first in stride(from: begin, to: end, by: Self.depthAtOnce) {
              table.product(
                block.base + first - begin, block.stride, packed.base + slot * panelSize + first * Self.panel,
                Self.panel, range.count, min(Self.depthAtOnce, end - first), panels.columns(firstPanel + slot),
                products.unsharedBase + slot * range.count * Self.panel, Self.panel, first > 0, nil)
            }
          }
        }
        for slot in 0..<count {
          panels.take(firstPanel + slot, range, products.base + slot * range.count * Self.panel)
        }
        withExtendedLifetime((products, scratch)) {}
      }
    }
    withExtendedLifetime(packed) {}
  }
}
