import CKernels

extension Compute {
  /// activation(x), element by element.
  package func activate(_ x: Tensor, _ activation: Activation) -> Tensor {
    return measured(.elementwise) {
      let result = Tensor(uninitialized: x.shape)
      let table = kernels.table
      run(1) { _ in table.activate(x.base, result.unsharedBase, x.count, activation.code) }
      return result
    }
  }

  /// a · x + b · y, element by element; shapes must agree.
  package func combine(_ x: Tensor, _ a: Float, _ y: Tensor, _ b: Float) -> Tensor {
    precondition(x.count == y.count)
    return measured(.elementwise) {
      let result = Tensor(uninitialized: x.shape)
      let table = kernels.table
      run(1) { _ in table.combine(x.base, a, y.base, b, result.unsharedBase, x.count) }
      return result
    }
  }

  /// x + y, element by element.
  package func add(_ x: Tensor, _ y: Tensor) -> Tensor { combine(x, 1, y, 1) }
}
