import CKernels

extension Compute {
  /// The instruction set whose kernels this process computes with. Two processes with the same one, and the same
  /// libraries, make the same values to the last bit.
  package static var instructionSet: String {
    switch ck_level_available() {
    case Int32(CK_AVX512.rawValue): "avx512"
    case Int32(CK_AVX2.rawValue): "avx2"
    default: "baseline"
    }
  }
}
