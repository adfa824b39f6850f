import Tensor

extension SafetensorsFile {
  /// The element types of the safetensors format. Parameters come as floats; the rest is known so that a
  /// file that carries an index buffer besides can be read.
  package enum ElementType: String, Sendable {
    case bool = "BOOL"
    case uint8 = "U8"
    case int8 = "I8"
    case float8e4 = "F8_E4M3"
    case float8e5 = "F8_E5M2"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case int64 = "I64"
    case uint64 = "U64"
    case float64 = "F64"

    /// Whether parameters may be of it.
    package var isFloat: Bool {
      switch self {
      case .float16, .bfloat16, .float32, .float64: true
      default: false
      }
    }

    /// Bytes of an element.
    package var size: Int {
      switch self {
      case .bool, .uint8, .int8, .float8e4, .float8e5: 1
      case .int16, .uint16, .float16, .bfloat16: 2
      case .int32, .uint32, .float32: 4
      case .int64, .uint64, .float64: 8
      }
    }
  }
}

extension SafetensorsFile.ElementType {
  /// How a layer takes values of this type where they lie; nil for those that it does not.
  var weight: Weights.Element? {
    switch self {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    default: nil
    }
  }
}
