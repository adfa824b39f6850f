/// A safetensors file: eight bytes of header length, a JSON header, the bytes of the tensors.
///
/// The header is untrusted: its length, names, types, shapes and offsets are checked, and the tensors
/// must fill the file without holes or overlaps, before anything is read.
/// Format: https://github.com/huggingface/safetensors
package struct SafetensorsFile: Sendable {
  package struct Entry: Sendable {
    package let type: ElementType
    package let shape: [Int]
    /// Within the file.
    package let range: Range<Int>

    package var elements: Int { range.count / type.size }
  }

  package let file: MappedFile
  package let entries: [String: Entry]

  /// How the stand-in of a file begins that Git LFS has not fetched.
  private static let lfsPointer = Array("version https://git-lfs.github.com/spec/".utf8)

  /// The format's own bound on the header.
  private static let longestHeader = 100_000_000

  /// - Throws: `missing` or `malformed`, naming the file and the tensor.
  package init(path: String) throws(UnCLIPError) {
    file = try MappedFile(path: path)
    entries = try Self.entries(of: file.bytes, path: path)
  }

  /// The tensors of a file that is in memory.
  ///
  /// - Parameter path: for errors.
  static func entries(of bytes: UnsafeRawBufferPointer, path: String) throws(UnCLIPError) -> [String: Entry] {
    guard !bytes.starts(with: lfsPointer) else {
      throw UnCLIPError(
        .malformed,
        "Cannot read '\(path)': it is a pointer of Git LFS to the weights, not the weights. Fetch them with 'git lfs pull'."
      )
    }
    guard bytes.count >= 8 else { throw damaged(path, "it has \(bytes.count) bytes, too few for a header") }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length >= 2, length <= UInt64(min(longestHeader, bytes.count - 8)) else {
      throw damaged(path, "its header claims \(length) bytes, but the file has \(bytes.count)")
    }
    let start = 8 + Int(length)
    let header: JSONValue
    do {
      header = try JSONReader.read(UnsafeRawBufferPointer(rebasing: bytes[8..<start]))
    } catch {
      throw damaged(path, "its header is not valid JSON: \(error.reason)")
    }
    guard case .object(let tensors) = header else { throw damaged(path, "its header is no JSON object") }
    return try entries(tensors, start: start, total: bytes.count, path: path)
  }

  private static func entries(
    _ header: [String: JSONValue], start: Int, total: Int, path: String
  ) throws(UnCLIPError) -> [String: Entry] {
    var tensors: [(name: String, entry: Entry)] = []
    for (name, description) in header.inOrder where name != "__metadata__" {
      tensors.append((name, try entry(name, description, start: start, total: total, path: path)))
    }
    // Empty tensors share their offset with the next one.
    tensors.sort { left, right in
      let (l, r) = (left.entry.range, right.entry.range)
      return (l.lowerBound, l.upperBound, left.name) < (r.lowerBound, r.upperBound, right.name)
    }
    var end = start
    for (name, entry) in tensors {
      guard entry.range.lowerBound == end else {
        let fault = entry.range.lowerBound < end ? "overlaps another" : "leaves a hole before it"
        throw damaged(path, "tensor '\(name)' \(fault)")
      }
      end = entry.range.upperBound
    }
    guard end == total else { throw damaged(path, "\(total - end) bytes behind the last tensor belong to nothing") }
    return Dictionary(tensors.map { ($0.name, $0.entry) }, uniquingKeysWith: { first, _ in first })
  }

  private static func entry(
    _ name: String, _ description: JSONValue, start: Int, total: Int, path: String
  ) throws(UnCLIPError) -> Entry {
    guard case .object(let fields) = description, case .string(let typeName)? = fields["dtype"],
      let shape = integers(fields["shape"]), let offsets = integers(fields["data_offsets"]), offsets.count == 2
    else { throw damaged(path, "tensor '\(name)' is not described by dtype, shape and two data_offsets") }
    guard let type = ElementType(rawValue: typeName) else {
      throw damaged(path, "tensor '\(name)' is of the unknown type '\(typeName)'")
    }
    var size = type.size
    for side in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: side)
      guard side >= 0, !overflow else { throw damaged(path, "tensor '\(name)' has the impossible shape \(shape)") }
      size = product
    }
    let (from, to) = (offsets[0], offsets[1])
    guard from >= 0, to >= from, to - from == size else {
      throw damaged(
        path, "tensor '\(name)' of shape \(shape) needs \(size) bytes but claims those from \(from) to \(to)")
    }
    guard to <= total - start else {
      throw damaged(
        path, "it is truncated: tensor '\(name)' ends \(to) bytes behind the header, the file \(total - start)")
    }
    return Entry(type: type, shape: shape, range: (start + from)..<(start + to))
  }

  private static func integers(_ value: JSONValue?) -> [Int]? {
    guard case .array(let elements)? = value else { return nil }
    var numbers: [Int] = []
    for element in elements {
      guard case .integer(let number) = element else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  private static func damaged(_ path: String, _ reason: String) -> UnCLIPError {
    UnCLIPError(.malformed, "Cannot read '\(path)': \(reason). Fetch or convert the model again.")
  }
}
