import COpenBLAS

/// One single-threaded product on raw memory: C = alpha · op(A) · op(B), C of rows x columns.
///
/// All matrices are row-major with the given row strides. An item of a parallel loop calls this for
/// its own tile; the tile's extents follow from the layer's shape, so the sums' order is fixed.
enum Product {
  struct Operand {
    let base: UnsafePointer<Float>
    let stride: Int
    var transposed = false
  }

  static func run(
    rows: Int, columns: Int, depth: Int, _ a: Operand, _ b: Operand,
    into c: UnsafeMutablePointer<Float>, stride: Int, alpha: Float = 1
  ) {
    if rows == 0 || columns == 0 { return }
    cblas_sgemm(
      CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
      b.transposed ? CblasTrans : CblasNoTrans, blasint(rows), blasint(columns), blasint(depth),
      alpha, a.base, blasint(a.stride), b.base, blasint(b.stride), 0, c, blasint(stride))
  }
}
