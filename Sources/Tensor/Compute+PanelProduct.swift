import CKernels

extension Compute {
  /// Rows of weights that an item multiplies: few enough that layers of a few hundred channels occupy all threads.
  private static let rowsAtOnce = 24
  /// Of the sums: what of weights and panel stays in the nearer caches.
  private static let depthAtOnce = 512
  /// Values of the panels that are packed at once.
  private static let packedLimit = 2 << 20

  /// Products of a weight matrix with columns that are packed on the way, 32 a panel.
  ///
  /// The weights are read (and, from half precision, widened) once for all panels that are packed at a time. Each sum runs over the
  /// depth in order, whatever else is computed beside it.
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
    let table = kernels.table
    let panelSize = depth * Self.panel
    let atOnce = min(panels, max(2, min(64, Self.packedLimit / panelSize)))
    let rows = Self.tile(outer, limit: Self.rowsAtOnce, multiple: 12)
    let packed = Tensor(uninitialized: [atOnce, depth, Self.panel])
    for first in stride(from: 0, to: panels, by: atOnce) {
      let count = min(atOnce, panels - first)
      threads.run(count) { place in
        pack(first + place, packed.unsharedBase + place * panelSize)
      }
      threads.run(rows.count) { item in
        let range = item * rows.size..<min(outer, (item + 1) * rows.size)
        let products = Tensor(uninitialized: [count, range.count, Self.panel])
        let scratch = Tensor(uninitialized: [weight.element == .float32 ? 1 : range.count * Self.depthAtOnce])
        for begin in stride(from: 0, to: depth, by: Self.depthAtOnce) {
          let part = min(Self.depthAtOnce, depth - begin)
          let block = weight.block(
            rows: range, columns: begin..<begin + part, table, scratch: scratch.unsharedBase)
          for place in 0..<count {
            table.product(
              block.base, block.stride,
              packed.base + place * panelSize + begin * Self.panel, Self.panel, range.count, part,
              columns(first + place),
              products.unsharedBase + place * range.count * Self.panel, Self.panel, begin > 0)
          }
        }
        for place in 0..<count { take(first + place, range, products.base + place * range.count * Self.panel) }
        withExtendedLifetime((products, scratch)) {}
      }
    }
    withExtendedLifetime(packed) {}
  }
}
