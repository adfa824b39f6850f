extension SafetensorsFile.ElementType {
  /// Writes values of this type, little-endian as they lie in a file at whatever place, in single precision: halves are
  /// widened, doubles rounded. For types that are not of floats nothing is written.
  func read(_ bytes: UnsafeRawBufferPointer, to values: UnsafeMutableBufferPointer<Float>) {
    switch self {
    case .float16: HalfPrecision.widen(float16: bytes, to: values)
    case .bfloat16: HalfPrecision.widen(bfloat16: bytes, to: values)
    case .float32:
      for index in values.indices { values[index] = bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
    case .float64:
      for index in values.indices {
        values[index] = Float(bytes.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
      }
    case .bool, .uint8, .int8, .float8e4, .float8e5, .int16, .uint16, .int32, .uint32, .int64, .uint64: break
    }
  }
}

/// Widens half and bfloat16 values to single precision.
enum HalfPrecision {
  /// IEEE 754 binary16, little-endian. Written with bit patterns: Swift has no `Float16` on x86-64 macOS,
  /// and compilers turn this into vector code as well as the type's own conversion.
  static func widen(float16 bytes: UnsafeRawBufferPointer, to values: UnsafeMutableBufferPointer<Float>) {
    // 2^112 shifts a half's exponent bias (15) to a float's (127), subnormals included.
    let scale = Float(bitPattern: 0x7780_0000)
    for index in values.indices {
      let half = UInt32(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
      let sign = (half & 0x8000) << 16
      let magnitude = half & 0x7FFF
      // Infinity and not-a-number keep their all-ones exponent.
      let bits =
        magnitude >= 0x7C00
        ? 0x7F80_0000 | (magnitude & 0x3FF) << 13 : (Float(bitPattern: magnitude << 13) * scale).bitPattern
      values[index] = Float(bitPattern: sign | bits)
    }
  }

  /// The upper half of a single-precision value, little-endian.
  static func widen(bfloat16 bytes: UnsafeRawBufferPointer, to values: UnsafeMutableBufferPointer<Float>) {
    for index in values.indices {
      let half = UInt32(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
      values[index] = Float(bitPattern: half << 16)
    }
  }
}
