extension WeightStore {
  /// The tensors that hold NaN or infinity, sorted. Reads every number of the part, and gives the memory back.
  func tensorsNotFinite() -> [String] {
    names.filter { name in
      guard let type = entry(name)?.type, !Self.isDerived(name) else { return false }
      var isFinite = true
      withBytes(of: name) { isFinite = Self.isFinite($0, of: type) }
      return !isFinite
    }
  }

  /// Whole numbers are.
  private static func isFinite(_ bytes: UnsafeRawBufferPointer, of type: SafetensorsFile.ElementType) -> Bool {
    switch type {
    case .float16: isFinite(bytes, exponent: 0x7C00 as UInt16)
    case .bfloat16: isFinite(bytes, exponent: 0x7F80 as UInt16)
    case .float32: isFinite(bytes, exponent: 0x7F80_0000 as UInt32)
    case .float64: isFinite(bytes, exponent: 0x7FF0_0000_0000_0000 as UInt64)
    default: true
    }
  }

  /// IEEE 754: a number whose exponent is all ones is infinite or none.
  private static func isFinite<Bits: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, exponent: Bits) -> Bool {
    let size = MemoryLayout<Bits>.size
    var found = false
    for offset in stride(from: 0, to: bytes.count - size + 1, by: size) {
      let bits = Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Bits.self))
      // Without a branch, so that compilers make vector code of it.
      found = found || bits & exponent == exponent
    }
    return !found
  }
}
