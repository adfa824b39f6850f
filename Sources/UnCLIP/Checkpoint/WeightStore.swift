import Foundation
import Synchronization
package import Tensor

/// The tensors of one part. Each is asked for by name and shape; what is missing or misshapen is an error that names
/// it, or is told to an inspector. What nobody asks for does no harm, as in the reference, and is warned of.
package final class WeightStore: Sendable {
  /// The folder, for errors.
  package let path: String
  let files: [SafetensorsFile]
  /// Which of the files holds a tensor.
  private let fileOfTensor: [String: Int]
  private let consumed = Mutex<Set<String>>([])
  /// Who is told of faults, so that all can be told together; nil where the first one is thrown.
  private let inspector: (any WeightInspector)?
  /// Who is told, once, of tensors that nobody asked for; nobody any more once it is done.
  private let warn: Mutex<(@Sendable (String) -> Void)?>

  /// Buffers that some exporters save beside the parameters; they can be derived.
  private static let ignoredSuffixes = ["position_ids", "causal_attention_mask"]

  /// Opens the weights in a part's folder: one safetensors file, or shards with an index. Half-precision
  /// variants (`.fp16`) are taken where there are no others.
  ///
  /// - Parameter warn: is told of tensors that nobody asked for, in one sentence.
  /// - Throws: `missing` if there are none, `malformed` if they cannot be read.
  package convenience init(
    folder: String, warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(UnCLIPError) { try self.init(folder: folder, for: nil, warn: warn) }

  /// - Parameter inspector: is told of faulty tensors and shards, and gives what stands for all tensors.
  init(
    folder: String, for inspector: (any WeightInspector)?, warn: (@Sendable (String) -> Void)? = nil
  ) throws(UnCLIPError) {
    path = folder
    self.inspector = inspector
    self.warn = Mutex(warn)
    var files: [SafetensorsFile] = []
    var fileOfTensor: [String: Int] = [:]
    for (name, promised) in try WeightFiles.all(of: folder) {
      do {
        let file = try SafetensorsFile(path: "\(folder)/\(name)")
        try Self.check(file, promised, known: fileOfTensor, folder: folder)
        for tensor in file.entries.keys { fileOfTensor[tensor] = files.count }
        files.append(file)
      } catch {
        guard let inspector, !promised.isEmpty else { throw error }
        inspector.note(error, unread: promised)
      }
    }
    self.files = files
    self.fileOfTensor = fileOfTensor
  }

  private static func check(
    _ file: SafetensorsFile, _ promised: Set<String>, known: [String: Int], folder: String
  ) throws(UnCLIPError) {
    if let missing = promised.subtracting(file.entries.keys).min() {
      throw UnCLIPError(
        .malformed,
        "Cannot read '\(file.file.path)': the index places the tensor '\(missing)' in it, but it has none.")
    }
    if let twice = file.entries.keys.filter({ known[$0] != nil }).min() {
      throw UnCLIPError(.malformed, "Cannot read '\(folder)': the tensor '\(twice)' is in two shards.")
    }
  }

  /// Sorted.
  package var names: [String] { fileOfTensor.keys.sorted() }

  package func entry(_ name: String) -> SafetensorsFile.Entry? {
    fileOfTensor[name].flatMap { files[$0].entries[name] }
  }

  /// Gives back the memory of large files, for a while in which they are not used. Their pages come in again when they
  /// are touched, mostly from the system's cache.
  func release() {
    for file in files where file.file.bytes.count >= Self.largeFile { file.file.release(0..<file.file.bytes.count) }
  }

  /// Bytes from which on it is worth the time that it takes to touch the pages again.
  private static let largeFile = 256 << 20

  package func shape(of name: String) -> [Int]? { entry(name)?.shape }

  /// Calls `body` with the bytes of a tensor as they are in the file, and gives their memory back.
  func withBytes(of name: String, _ body: (UnsafeRawBufferPointer) -> Void) {
    guard let index = fileOfTensor[name], let entry = files[index].entries[name] else { return }
    let file = files[index].file
    body(UnsafeRawBufferPointer(rebasing: file.bytes[entry.range]))
    file.release(entry.range)
  }

  static func isDerived(_ name: String) -> Bool { ignoredSuffixes.contains { name.hasSuffix($0) } }

  /// A tensor in single precision. Values that are stored so are not copied: the tensor borrows from the
  /// mapped file. Half and bfloat16 values are widened, doubles rounded.
  ///
  /// - Throws: `weights` if it is missing, of another shape, or not of floats.
  package func tensor(_ name: String, shape: [Int]) throws(UnCLIPError) -> Tensor {
    switch try find(name, shape) {
    case .found(let entry, let file): Self.read(entry, shape, file)
    case .instead(let zeros): zeros
    }
  }

  /// The weights of a layer, where they lie in the mapped file: half and bfloat16 values too, which are widened as
  /// they are multiplied.
  ///
  /// - Throws: as ``tensor(_:shape:)``.
  package func weights(_ name: String, shape: [Int]) throws(UnCLIPError) -> Weights {
    switch try find(name, shape) {
    case .instead(let zeros):
      let element = entry(name).flatMap { Self.isAligned($0) ? $0.type.weight : nil }
      return Weights(zeros, as: element ?? .float32)
    case .found(let entry, let file):
      let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.range])
      guard let element = entry.type.weight, Self.isAligned(entry), let base = bytes.baseAddress else {
        return Weights(Self.read(entry, shape, file))
      }
      return Weights(shape: shape, element: element, borrowing: base, owner: file)
    }
  }

  private enum Found {
    case found(SafetensorsFile.Entry, MappedFile)
    /// What an inspector gives for it.
    case instead(Tensor)
  }

  private func find(_ name: String, _ shape: [Int]) throws(UnCLIPError) -> Found {
    let file = fileOfTensor[name].map { files[$0] }
    let entry = file?.entries[name]
    let fault = Self.fault(of: entry, name, shape)
    if let inspector {
      if let fault { try inspector.note(fault, in: path) }
      consumed.withLock { _ = $0.insert(name) }
      return .instead(try inspector.tensor(name, shape: shape, in: path))
    }
    guard fault == nil, let file, let entry else {
      throw (fault ?? TensorFault(tensor: name, kind: .missing)).error(folder: path, file: file?.file.path)
    }
    consumed.withLock { _ = $0.insert(name) }
    return .found(entry, file.file)
  }

  /// What is wrong with a tensor of which `shape` was asked for; nil if nothing is.
  private static func fault(of entry: SafetensorsFile.Entry?, _ name: String, _ shape: [Int]) -> TensorFault? {
    guard let entry else { return TensorFault(tensor: name, kind: .missing, expected: shape) }
    guard entry.shape == shape, entry.type.isFloat else {
      return TensorFault(
        tensor: name, kind: entry.shape == shape ? .mistyped : .misshapen, shape: entry.shape,
        type: entry.type.rawValue, expected: shape)
    }
    return nil
  }

  private static func read(_ entry: SafetensorsFile.Entry, _ shape: [Int], _ file: MappedFile) -> Tensor {
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.range])
    if isBorrowed(entry), let base = bytes.baseAddress {
      return Tensor(shape: shape, borrowing: base.assumingMemoryBound(to: Float.self), owner: file)
    }
    // What was widened is not read again.
    defer { file.release(entry.range) }
    return Tensor(shape: shape) { entry.type.read(bytes, to: $0) }
  }

  /// Whether a tensor is used where it lies. A mapping begins at a page, so that the place in the file decides.
  static func isBorrowed(_ entry: SafetensorsFile.Entry) -> Bool {
    entry.type == .float32 && isAligned(entry)
  }

  static func isAligned(_ entry: SafetensorsFile.Entry) -> Bool {
    entry.range.lowerBound % entry.type.size == 0
  }

  /// Tells of tensors that nobody asked for: to be called when all layers of the part are built. The reference does not
  /// use them either.
  ///
  /// - Throws: what an inspector throws.
  package func noteUnused() throws(UnCLIPError) {
    let used = consumed.withLock { $0 }
    let extra = names.filter { !used.contains($0) && !Self.isDerived($0) }
    if let inspector {
      for name in extra {
        let entry = entry(name)
        try inspector.note(
          TensorFault(tensor: name, kind: .extra, shape: entry?.shape, type: entry?.type.rawValue), in: path)
      }
      return
    }
    let warn = warn.withLock { warn in
      defer { warn = nil }
      return warn
    }
    if let warn, !extra.isEmpty { warn(TensorFault.unused(extra, folder: path)) }
  }
}
