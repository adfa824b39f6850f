import Tensor

extension Activation {
  /// The activation that a configuration names, in diffusers' or transformers' spelling.
  init?(configName: String) {
    switch configName {
    case "silu", "swish": self = .silu
    case "gelu": self = .gelu
    case "quick_gelu": self = .quickGELU
    case "relu": self = .relu
    default: return nil
    }
  }
}
