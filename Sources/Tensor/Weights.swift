import CKernels

/// The weights of a layer as they lie in the model's file: in single precision, or in half the bytes, which products
/// widen a block at a time. So half-precision weights take half the memory, and processes share them.
package struct Weights: @unchecked Sendable {
  package enum Element: Sendable {
    case float32, float16, bfloat16

    /// Bytes of an element.
    package var size: Int { self == .float32 ? 4 : 2 }

    fileprivate var code: Int32 {
      switch self {
      case .float32: Int32(CK_FLOAT32.rawValue)
      case .float16: Int32(CK_FLOAT16.rawValue)
      case .bfloat16: Int32(CK_BFLOAT16.rawValue)
      }
    }
  }

  /// The first dimension are the rows: outputs of a layer, or entries of a table.
  package let shape: [Int]
  package let element: Element
  let transformed = TransformedWeights()
  // Sharing between threads is safe because nobody writes the region and the owner keeps it alive.
  private let base: UnsafeRawPointer
  private let owner: any AnyObject & Sendable

  /// Weights over memory that `owner` keeps alive, such as a region of a mapped file.
  ///
  /// The region must hold as many elements as `shape` and be aligned to their size; nobody may write it.
  package init(
    shape: [Int], element: Element, borrowing base: UnsafeRawPointer, owner: any AnyObject & Sendable
  ) {
    self.shape = shape
    self.element = element
    self.base = base
    self.owner = owner
  }

  /// The values of a tensor, which are not copied.
  ///
  /// - Parameter element: how its bytes are read; zeros are zeros in each type.
  package init(_ tensor: Tensor, as element: Element = .float32) {
    self.init(shape: tensor.shape, element: element, borrowing: UnsafeRawPointer(tensor.base), owner: tensor.owner)
  }

  package var rows: Int { shape[0] }

  /// Values of a row.
  package var depth: Int { shape.dropFirst().reduce(1, *) }

  package var count: Int { shape.reduce(1, *) }

  /// The same values under another shape with as many.
  package func reshaped(_ shape: [Int]) -> Weights {
    precondition(shape.reduce(1, *) == count, "\(self.shape) cannot become \(shape)")
    return Weights(shape: shape, element: element, borrowing: base, owner: owner)
  }

  /// Calls `body` with the place of a row, or of a value within it, and how its values are stored.
  func withRow(_ row: Int, from column: Int = 0, _ body: (UnsafeRawPointer, Int32) -> Void) {
    body(base + (row * depth + column) * element.size, element.code)
  }

  /// From one row to the next in `scratch`: not a power of two, since rows would share a few sets of the cache then.
  static func scratchStride(_ columns: Int) -> Int { columns + 16 }

  /// Some columns of some rows in single precision, row by row with the answered stride: where they lie, or widened
  /// into `scratch`, which has room for them.
  func block(
    rows: Range<Int>, columns: Range<Int>, _ table: ck_table, scratch: UnsafeMutablePointer<Float>
  ) -> (base: UnsafePointer<Float>, stride: Int) {
    let depth = depth
    let first = base + (rows.lowerBound * depth + columns.lowerBound) * element.size
    if element == .float32 { return (first.assumingMemoryBound(to: Float.self), depth) }
    let stride = Self.scratchStride(columns.count)
    for row in 0..<rows.count {
      table.widen(first + row * depth * 2, element.code, columns.count, scratch + row * stride)
    }
    return (UnsafePointer(scratch), stride)
  }
}
