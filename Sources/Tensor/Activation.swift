import CKernels

/// A function applied to each element after a product or a normalisation.
package enum Activation: Sendable {
  case identity
  /// x · sigmoid(x)
  case silu
  /// x · Φ(x), by the error function
  case gelu
  /// x · sigmoid(1.702 x), CLIP's first approximation of GELU
  case quickGELU
  case relu

  var code: Int32 {
    switch self {
    case .identity: Int32(CK_IDENTITY.rawValue)
    case .silu: Int32(CK_SILU.rawValue)
    case .gelu: Int32(CK_GELU.rawValue)
    case .quickGELU: Int32(CK_QUICK_GELU.rawValue)
    case .relu: Int32(CK_RELU.rawValue)
    }
  }
}
