import Foundation
import Synchronization
package import Tensor

/// The tensors of one part. Each is asked for by name and shape; what is missing, misshapen or left over
/// is an error that names it, or with others in a list of faults.
package final class WeightStore: Sendable {
  /// The folder, for errors.
  package let path: String
  private let files: [SafetensorsFile]
  private let places: [String: Int]
  private let consumed = Mutex<Set<String>>([])
  /// Where faults go that are to be told together; nil where the first one is thrown.
  private let faults: FaultList?
  /// What is wrong with shards, and the tensors that an index places in them.
  private let unread: (problems: [String], tensors: Set<String>)

  /// Buffers that some exporters save beside the parameters; they can be derived.
  private static let ignoredSuffixes = ["position_ids", "causal_attention_mask"]

  /// Opens the weights in a part's folder: one safetensors file, or shards with an index. Half-precision
  /// variants (`.fp16`) are taken where there are no others.
  ///
  /// - Parameter notesFaults: for a report: faults of tensors and shards are noted, and tensors are zeros of the
  ///   shapes that are asked for, which take no memory.
  /// - Throws: `missing` if there are none, `malformed` if they cannot be read.
  package init(folder: String, notesFaults: Bool = false) throws(UnCLIPError) {
    path = folder
    faults = notesFaults ? FaultList() : nil
    var files: [SafetensorsFile] = []
    var places: [String: Int] = [:]
    var unread: (problems: [String], tensors: Set<String>) = ([], [])
    for (name, promised) in try WeightFiles.all(of: folder) {
      do {
        let file = try SafetensorsFile(path: "\(folder)/\(name)")
        try Self.check(file, promised, known: places, folder: folder)
        for tensor in file.entries.keys { places[tensor] = files.count }
        files.append(file)
      } catch {
        guard notesFaults, !promised.isEmpty else { throw error }
        unread.problems.append(error.message)
        unread.tensors.formUnion(promised)
      }
    }
    self.files = files
    self.places = places
    self.unread = unread
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
  package var names: [String] { places.keys.sorted() }

  package func entry(_ name: String) -> SafetensorsFile.Entry? {
    places[name].flatMap { files[$0].entries[name] }
  }

  /// Lets go of the pages of large files, for a while in which they are not used. They come in again when they are
  /// touched, mostly from the system's cache.
  func letGo() {
    for file in files where file.file.bytes.count >= Self.largeFile { file.file.release(0..<file.file.bytes.count) }
  }

  /// Bytes from which on it is worth the time that it takes to touch the pages again.
  private static let largeFile = 256 << 20

  package func shape(of name: String) -> [Int]? { entry(name)?.shape }

  package func has(_ name: String) -> Bool { places[name] != nil }

  /// Calls `body` with the bytes of a tensor as they are in the file, and lets go of them.
  func withBytes(of name: String, _ body: (UnsafeRawBufferPointer) -> Void) {
    guard let place = places[name], let entry = files[place].entries[name] else { return }
    let file = files[place].file
    body(UnsafeRawBufferPointer(rebasing: file.bytes[entry.range]))
    file.release(entry.range)
  }

  /// Number of values, bytes on disk and types of all parameters; derived buffers are left out.
  package var size: (parameters: Int, bytes: Int, types: Set<SafetensorsFile.ElementType>) {
    var size: (parameters: Int, bytes: Int, types: Set<SafetensorsFile.ElementType>) = (0, 0, [])
    for file in files {
      for (name, entry) in file.entries where !Self.isDerived(name) {
        size.parameters += entry.elements
        size.bytes += entry.range.count
        size.types.insert(entry.type)
      }
    }
    return size
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
    case .instead(let zeros): return Weights(zeros)
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
    /// A fault was noted; zeros stand for the tensor.
    case instead(Tensor)
  }

  private func find(_ name: String, _ shape: [Int]) throws(UnCLIPError) -> Found {
    guard let place = places[name], let entry = files[place].entries[name] else {
      guard !unread.tensors.contains(name) else { return .instead(try zeros(name, shape)) }
      return .instead(try instead(
        of: TensorFault(tensor: name, kind: .missing, expected: shape),
        "Cannot use '\(path)': the tensor '\(name)' of shape \(shape) is missing."))
    }
    let file = files[place].file
    let fault = { (kind: TensorFault.Kind) in
      TensorFault(tensor: name, kind: kind, shape: entry.shape, type: entry.type.rawValue, expected: shape)
    }
    guard entry.shape == shape else {
      return .instead(try instead(
        of: fault(.misshapen),
        "Cannot read '\(file.path)': tensor '\(name)' has shape \(entry.shape), expected \(shape)."))
    }
    guard entry.type.isFloat else {
      return .instead(try instead(
        of: fault(.mistyped),
        "Cannot read '\(file.path)': tensor '\(name)' is of type \(entry.type.rawValue); supported: F32, F16, BF16, F64."
      ))
    }
    consumed.withLock { _ = $0.insert(name) }
    return faults == nil ? .found(entry, file) : .instead(try zeros(name, shape))
  }

  /// Throws a fault, or notes it and gives zeros.
  private func instead(of fault: TensorFault, _ sentence: String) throws(UnCLIPError) -> Tensor {
    guard let faults else { throw UnCLIPError(.weights, sentence) }
    try faults.note(fault, path: path)
    consumed.withLock { _ = $0.insert(fault.tensor) }
    return try zeros(fault.tensor, fault.expected ?? [])
  }

  private func zeros(_ name: String, _ shape: [Int]) throws(UnCLIPError) -> Tensor {
    guard let tensor = ZeroPages.tensor(shape: shape) else {
      throw UnCLIPError(
        .weights,
        "Cannot use '\(path)': its configuration asks for a tensor '\(name)' of shape \(shape), larger than any machine.")
    }
    return tensor
  }

  private static func read(_ entry: SafetensorsFile.Entry, _ shape: [Int], _ file: MappedFile) -> Tensor {
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.range])
    if isBorrowed(entry), let base = bytes.baseAddress {
      return Tensor(shape: shape, borrowing: base.assumingMemoryBound(to: Float.self), owner: file)
    }
    // What was widened is not read again.
    defer { file.release(entry.range) }
    return Tensor(shape: shape) { values in
      switch entry.type {
      case .float16: HalfPrecision.widen(float16: bytes, to: values)
      case .bfloat16: HalfPrecision.widen(bfloat16: bytes, to: values)
      case .float64:
        for index in values.indices {
          values[index] = Float(bytes.loadUnaligned(fromByteOffset: index * 8, as: Double.self))
        }
      default:
        for index in values.indices { values[index] = bytes.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
      }
    }
  }

  /// Whether a tensor is used where it lies. A mapping begins at a page, so that the place in the file decides.
  private static func isBorrowed(_ entry: SafetensorsFile.Entry) -> Bool {
    entry.type == .float32 && isAligned(entry)
  }

  private static func isAligned(_ entry: SafetensorsFile.Entry) -> Bool {
    entry.range.lowerBound % entry.type.size == 0
  }

  /// Bytes of parameters that are used where they lie in the file, which processes share, and bytes that the
  /// others take once they are widened.
  package var memory: (mapped: Int, widened: Int) {
    var memory = (mapped: 0, widened: 0)
    for file in files {
      for (name, entry) in file.entries where !Self.isDerived(name) {
        // What has more than one dimension are weights of layers and tables, nearly all of it.
        let isWeights = entry.shape.count > 1 && entry.type.weight != nil && Self.isAligned(entry)
        if isWeights || Self.isBorrowed(entry) {
          memory.mapped += entry.range.count
        } else {
          memory.widened += Tensor.bytes(ofElements: entry.elements)
        }
      }
    }
    return memory
  }

  /// - Throws: `weights` naming tensors that nobody asked for.
  package func requireAllConsumed() throws(UnCLIPError) {
    let used = consumed.withLock { $0 }
    let extra = places.keys.filter { !used.contains($0) && !Self.isDerived($0) }.sorted()
    guard let faults else {
      guard !extra.isEmpty else { return }
      let named = extra.prefix(5).map { "'\($0)'" }.joined(separator: ", ") + (extra.count > 5 ? ", ..." : "")
      throw UnCLIPError(
        .weights,
        "Cannot use '\(path)': its configuration does not call for \(extra.count) of its tensors: \(named).")
    }
    for name in extra {
      let entry = entry(name)
      try faults.note(
        TensorFault(tensor: name, kind: .extra, shape: entry?.shape, type: entry?.type.rawValue), path: path)
    }
  }

  /// The faults that were noted: of shards in a sentence each, of tensors one by one.
  package var notedFaults: (shards: [String], tensors: [TensorFault]) { (unread.problems, faults?.all ?? []) }
}
