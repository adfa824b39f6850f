import CKernels

extension Compute {
  /// Floating-point operations a second of the product kernel on operands in the nearest caches, on all threads: what
  /// this machine can do at best, measured for about a fifth of a second.
  package func measuredPeak() -> Double {
    let (rows, depth, calls) = (48, 256, 64)
    let table = kernels.table
    let (a, b) = (Tensor(zeros: [rows, depth]), Tensor(zeros: [depth, Self.panel]))
    let operations = 2.0 * Double(rows * depth * Self.panel * calls * threads.threads)
    let start = ContinuousClock.now
    var best = 0.0
    repeat {
      let round = ContinuousClock.now
      threads.run(threads.threads) { _ in
        let c = Tensor(uninitialized: [rows, Self.panel])
        for _ in 0..<calls {
          table.product(
            a.base, depth, b.base, Self.panel, rows, depth, Self.panel, c.unsharedBase, Self.panel, false, nil)
        }
      }
      best = max(best, operations / ((ContinuousClock.now - round) / .seconds(1)))
    } while ContinuousClock.now - start < .milliseconds(200)
    return best
  }
}
