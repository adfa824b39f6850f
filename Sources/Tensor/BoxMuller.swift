import CKernels

/// Turns uniform values into normal ones in single precision, with the very bits of PyTorch's AVX2 kernel on every
/// processor.
///
/// "A Note on the Generation of Random Normal Deviates" (Box and Muller, 1958).
package enum BoxMuller {
  /// Values that are transformed together.
  package static let block = 16

  /// Replaces whole blocks of uniform values in [0, 1): of each the first half give radii, the others angles.
  package static func transform(_ values: UnsafeMutableBufferPointer<Float>) {
    precondition(values.count % block == 0, "\(values.count) values are not in blocks of \(block)")
    guard let base = values.baseAddress else { return }
    Compute.Kernels(level: Int(CK_AVX512.rawValue)).table.box_muller(base, values.count / block)
  }
}
