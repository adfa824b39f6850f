/// A dense array of 32-bit floats in row-major order.
///
/// A value type over shared storage: copies are cheap, and writing to a tensor that shares its
/// storage (or borrows it from a mapped file) copies first. Weights are tensors that borrow from
/// the file they were read from; activations live in recycled heap buffers.
///
/// The last dimension is contiguous; there are no strides. A tensor of shape `[]` holds one element.
package struct Tensor: Sendable {
  /// Extent of each dimension, outermost first.
  package let shape: [Int]
  package let count: Int
  private let storage: TensorStorage

  /// A tensor whose elements are undefined until written.
  package init(uninitialized shape: [Int]) {
    self.shape = shape
    count = Self.elements(of: shape)
    storage = TensorStorage(uninitialized: count)
  }

  /// A tensor of zeros.
  package init(zeros shape: [Int]) {
    self.init(uninitialized: shape)
    if storage.hasElements { storage.base.update(repeating: 0, count: count) }
  }

  /// A tensor that holds a copy of `values`, which must have as many elements as `shape`.
  package init(_ values: [Float], shape: [Int]) {
    self.init(uninitialized: shape)
    guard storage.hasElements else { return }
    precondition(values.count == count, "\(values.count) values cannot have shape \(shape)")
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { storage.base.update(from: base, count: count) }
    }
  }

  /// A tensor over memory that `owner` keeps alive, such as a region of a mapped file.
  ///
  /// The region must hold as many floats as `shape` and be aligned to 4 bytes; nobody may write it.
  package init(
    shape: [Int], borrowing base: UnsafePointer<Float>, owner: any AnyObject & Sendable
  ) {
    self.shape = shape
    count = Self.elements(of: shape)
    storage = TensorStorage(borrowing: base, count: count, owner: owner)
  }

  /// A tensor that `initialize` fills; every element must be written.
  package init(
    shape: [Int], initialize: (UnsafeMutableBufferPointer<Float>) throws -> Void
  ) rethrows {
    self.init(uninitialized: shape)
    guard storage.hasElements else { return }
    try withExtendedLifetime(storage) {
      try initialize(UnsafeMutableBufferPointer(start: storage.base, count: count))
    }
  }

  /// Whether no element is NaN or infinite.
  package var isFinite: Bool {
    // What is not finite times zero is NaN, and stays it in a sum; a branch an element would cost ten times as much.
    withUnsafeBufferPointer { $0.reduce(Float(0)) { $0 + $1 * 0 } } == 0
  }

  /// The elements in row-major order, copied.
  package var array: [Float] { withUnsafeBufferPointer { Array($0) } }

  /// Calls `body` with the elements, of which a tensor that was counted only has none; the pointer must not escape.
  package func withUnsafeBufferPointer<Value>(
    _ body: (UnsafeBufferPointer<Float>) throws -> Value
  ) rethrows -> Value {
    try withExtendedLifetime(storage) {
      try body(UnsafeBufferPointer(start: storage.base, count: storage.hasElements ? count : 0))
    }
  }

  /// The same elements under another shape with as many elements, without copying.
  package func reshaped(_ shape: [Int]) -> Tensor {
    precondition(Self.elements(of: shape) == count, "\(self.shape) cannot become \(shape)")
    return Tensor(shape: shape, storage: storage)
  }

  /// Bytes of memory that a tensor of its own storage takes.
  package static func bytes(ofElements count: Int) -> Int {
    BufferPool.sizeClass(count) * MemoryLayout<Float>.stride
  }

  /// First element, for operations of this module, which hold the tensor while they read.
  var base: UnsafePointer<Float> { UnsafePointer(storage.base) }

  /// First element for writing, for operations that fill a tensor nobody else has seen yet.
  var unsharedBase: UnsafeMutablePointer<Float> { storage.base }

  /// Keeps the elements alive.
  var owner: any AnyObject & Sendable { storage }

  private init(shape: [Int], storage: TensorStorage) {
    self.shape = shape
    count = storage.count
    self.storage = storage
  }

  private static func elements(of shape: [Int]) -> Int { shape.reduce(1, *) }
}
