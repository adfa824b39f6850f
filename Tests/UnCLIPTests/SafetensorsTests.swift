import Foundation
import Synchronization
import Tensor
import TestSupport
import Testing

@testable import UnCLIP

@Suite struct SafetensorsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes a file of that header and as many bytes 0, 1, 2, ... behind it.
  private func file(_ header: String, bytes count: Int, name: String = "model.safetensors") throws -> String {
    var content = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { content.append(contentsOf: $0) }
    content.append(Data(header.utf8))
    content.append(Data((0..<count).map { UInt8(truncatingIfNeeded: $0) }))
    let path = folder.path + "/" + name
    try content.write(to: URL(filePath: path))
    return path
  }

  @Test("Shapes, types and bytes are read, in whatever order the header names them")
  func reads() throws {
    let path = try file(
      #"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},"a":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]},"empty":{"dtype":"F32","shape":[0,3],"data_offsets":[4,4]},"one":{"dtype":"BF16","shape":[],"data_offsets":[12,14]}}   "#,
      bytes: 14)
    let opened = try SafetensorsFile(path: path)
    #expect(Set(opened.entries.keys) == ["a", "b", "empty", "one"])
    let b = try #require(opened.entries["b"])
    #expect(b.type == .float32 && b.shape == [2] && b.elements == 2)
    #expect(Array(opened.file.bytes[b.range]) == Array(4..<12))
    #expect(opened.entries["one"]?.elements == 1)
    #expect(opened.entries["empty"]?.elements == 0)
  }

  @Test(
    "A header that lies is an error that says how",
    arguments: [
      (#"{ "#, 0, "not valid JSON"),
      ("x", 0, "claims 1 bytes"),
      (#"[]"#, 0, "no JSON object"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#, 4, "not valid JSON"),
      (#"{"a":5}"#, 0, "not described by dtype"),
      (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, "not described by dtype"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, 4, "not described by dtype"),
      (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, 4, "not described by dtype"),
      (#"{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}"#, 4, "unknown type 'Q4'"),
      (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "impossible shape [-1]"),
      (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4, "impossible shape"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "needs 8 bytes"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, 4, "needs 4 bytes"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "needs 4 bytes"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "truncated: tensor 'a'"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775803,9223372036854775807]}}"#, 4, "truncated"),
      (
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
        6, "'b' overlaps"
      ),
      (
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        4, "'b' overlaps"
      ),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#, 6, "hole before it"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 6, "2 bytes behind the last tensor"),
      (
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        8, "'a' is given twice"
      ),
      (
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        8, "'a' is given twice"
      ),
      (String(repeating: "[", count: 100_000), 0, "nests deeper"),
      ("{\"\u{1}\":0}", 0, "control character"),
      (#"{"\ud800":0}"#, 0, "surrogate"),
    ])
  func lies(_ header: String, _ bytes: Int, _ reason: String) throws {
    let path = try file(header, bytes: bytes)
    let error = try #require(throws: UnCLIPError.self) { _ = try SafetensorsFile(path: path) }
    #expect(error.code == .malformed)
    #expect(error.message.contains(reason), "\(error)")
    #expect(error.message.contains(path), "\(error)")
  }

  @Test("Of several bad tensors the same one is named each time")
  func severalFaults() throws {
    let tensors = (10..<40).map { #""t\#($0)":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}"# }
    let path = try file("{" + tensors.reversed().joined(separator: ",") + "}", bytes: 4)
    let error = #expect(throws: UnCLIPError.self) { try SafetensorsFile(path: path) }
    #expect(error?.message.contains("'t10'") == true, "\(error?.message ?? "")")
  }

  @Test("A file that is absent, empty, or ends within its header is an error")
  func short() throws {
    let whole = try Data(
      contentsOf: URL(filePath: file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, bytes: 4)))
    let path = folder.path + "/short.safetensors"
    #expect(throws: UnCLIPError.self) { try SafetensorsFile(path: path) }
    for count in 0..<whole.count {
      try whole.prefix(count).write(to: URL(filePath: path))
      #expect(throws: UnCLIPError.self, "\(count) bytes") { try SafetensorsFile(path: path) }
    }
    try (Data([255, 255, 255, 255, 255, 255, 255, 255]) + whole).write(to: URL(filePath: path))
    #expect(throws: UnCLIPError.self) { try SafetensorsFile(path: path) }
  }

  /// A header that has every feature of the format.
  private static let header =
    #"{"__metadata__":{"format":"pt"},"layer.weight":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]},"layer.bias":{"dtype":"F32","shape":[2],"data_offsets":[12,20]},"empty":{"dtype":"BF16","shape":[0,4],"data_offsets":[20,20]},"one":{"dtype":"F64","shape":[],"data_offsets":[20,28]},"ids":{"dtype":"I64","shape":[1],"data_offsets":[28,36]}}"#

  /// What a hostile file may say in place of a part of an honest one.
  private static let fragments: [[UInt8]] =
    [
      "0", "-1", "1", "4", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
      "-9223372036854775808",
      "1e308", "1e-5", "NaN", "-Infinity", "null", "true", "\"\"", "[]", "{}", "[[[[[[", "{\"a\":{\"a\":{\"a\":",
      "\"F32\"",
      "\"F8_E4M3\"", "\"dtype\"", "\"shape\"", "\"layer.bias\"", "\"\\u0000\"", "\"\\ud800\"", ",", ":", "}", "]", "\\",
      "\"", " ",
    ].map { Array($0.utf8) } + [
      [0xC0, 0x80], [0xFF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0],
    ]

  /// Changes bytes as an attacker or a bad disk would: pieces replaced, repeated, moved, left out, cut off.
  private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    guard !bytes.isEmpty else { return }
    let start = Int.random(in: 0..<bytes.count, using: &random)
    let end = min(bytes.count, start + Int.random(in: 0...12, using: &random))
    let other = Int.random(in: 0..<bytes.count, using: &random)
    let fragment = fragments.randomElement(using: &random) ?? []
    switch Int.random(in: 0..<8, using: &random) {
    case 0: bytes[start] = UInt8.random(in: 0...255, using: &random)
    case 1: bytes.replaceSubrange(start..<end, with: fragment)
    case 2: bytes.insert(contentsOf: fragment, at: start)
    case 3: bytes.removeSubrange(start..<end)
    case 4: bytes.insert(contentsOf: bytes[min(start, other)..<max(start, other)], at: other)
    case 5: bytes.removeLast(bytes.count - start)
    case 6: bytes.swapAt(start, other)
    default:
      // A number in place of another, which keeps the JSON whole.
      let isDigit = { (byte: UInt8) in (48...57).contains(byte) }
      guard let digit = bytes[start...].firstIndex(where: isDigit) else { return }
      let last = bytes[digit...].firstIndex { !isDigit($0) } ?? bytes.count
      let numbers = [
        "0", "1", "2", "3", "6", "12", "20", "28", "36", "37", "-4", "1000000", "4611686018427387904",
        "9223372036854775807", "1.5",
      ]
      bytes.replaceSubrange(digit..<last, with: Array((numbers.randomElement(using: &random) ?? "0").utf8))
    }
  }

  @Test("A damaged or hostile header is refused, or describes the file truly", arguments: 0..<8 as Range<UInt64>)
  func hostileHeaders(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let path = folder.path + "/model.safetensors"
    var accepted = 0
    for round in 0..<1000 {
      var header = Array(Self.header.utf8)
      // Now and then none, or one that is as valid as before.
      for _ in 0..<Int.random(in: 0...3, using: &random) { Self.mutate(&header, &random) }
      var length = UInt64(header.count)
      if Int.random(in: 0..<10, using: &random) == 0 {
        length =
          [0, 1, 2, length + 1, length &- 1, 1 << 32, 1 << 63, .max, random.next()].randomElement(using: &random) ?? 0
      }
      let bytes = (0..<Int.random(in: 30...40, using: &random)).map { UInt8($0) }
      let content = withUnsafeBytes(of: length.littleEndian) { Data($0) } + Data(header) + Data(bytes)
      try content.write(to: URL(filePath: path))
      guard let file = try? SafetensorsFile(path: path) else { continue }
      accepted += 1
      var end = 8 + Int(length)
      for entry in file.entries.values.sorted(by: {
        ($0.range.lowerBound, $0.range.count) < ($1.range.lowerBound, $1.range.count)
      }) {
        #expect(entry.range.lowerBound == end, "seed \(seed), round \(round)")
        #expect(entry.range.count == entry.shape.reduce(entry.type.size, *), "seed \(seed), round \(round)")
        end = entry.range.upperBound
      }
      #expect(end == content.count, "seed \(seed), round \(round)")
      let store = try WeightStore(folder: folder.path)
      for name in store.names {
        let shape = try #require(store.shape(of: name))
        if let tensor = try? store.tensor(name, shape: shape) { #expect(tensor.array.count == shape.reduce(1, *)) }
      }
    }
    // Else it was the damage that was tested, and not the reading.
    #expect(accepted > 5)
  }

  @Test("A damaged or hostile index of shards does no worse than an error", arguments: 0..<4 as Range<UInt64>)
  func hostileIndices(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for (name, tensor) in [("x-1.safetensors", "a"), ("x-2.safetensors", "b")] {
      _ = try file("{\"\(tensor)\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", bytes: 4, name: name)
    }
    let honest = Array(
      #"{"metadata":{"total_size":8},"weight_map":{"a":"x-1.safetensors","b":"x-2.safetensors"}}"#.utf8)
    for round in 0..<500 {
      var index = honest
      for _ in 0..<Int.random(in: 0...3, using: &random) { Self.mutate(&index, &random) }
      try Data(index).write(to: URL(filePath: folder.path + "/model.safetensors.index.json"))
      guard let store = try? WeightStore(folder: folder.path) else { continue }
      #expect(Set(store.names).isSubset(of: ["a", "b"]), "seed \(seed), round \(round)")
    }
  }

  @Test("Single precision is borrowed from the mapping, other floats are widened")
  func precisions() throws {
    let halves: [(UInt16, Float)] = [
      (0x3C00, 1), (0xC000, -2), (0x0001, 0x1p-24), (0x03FF, 1023 * 0x1p-24), (0x0400, 0x1p-14), (0x7BFF, 65504),
      (0x7C00, .infinity), (0xFC00, -.infinity), (0x8000, -0.0), (0x3555, 0x1.554p-2),
    ]
    var bytes = Data()
    for value in [Float(1.5), -3] {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    for (half, _) in halves { withUnsafeBytes(of: half.littleEndian) { bytes.append(contentsOf: $0) } }
    for value in [Float(1.5), -3] {
      withUnsafeBytes(of: UInt16(value.bitPattern >> 16).littleEndian) { bytes.append(contentsOf: $0) }
    }
    withUnsafeBytes(of: (0.1).bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    let header =
      #"{"single":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"half":{"dtype":"F16","shape":[10],"data_offsets":[8,28]},"brain":{"dtype":"BF16","shape":[2],"data_offsets":[28,32]},"double":{"dtype":"F64","shape":[1],"data_offsets":[32,40]}}"#
    // An odd header length puts every value at an odd address.
    for padding in [(8 - header.utf8.count % 8) % 8, (9 - header.utf8.count % 8) % 8] {
      let path = try file(header + String(repeating: " ", count: padding), bytes: 0)
      var content = try Data(contentsOf: URL(filePath: path))
      content.append(bytes)
      try content.write(to: URL(filePath: path))
      let store = try WeightStore(folder: folder.path)
      #expect(try store.tensor("single", shape: [2]).array == [1.5, -3])
      let widened = try store.tensor("half", shape: [10]).array
      #expect(widened == halves.map(\.1))
      #expect(widened[8].sign == .minus)
      #expect(try store.tensor("brain", shape: [2]).array == [1.5, -3])
      #expect(try store.tensor("double", shape: [1]).array == [Float(0.1)])
      #expect(store.size.parameters == 15 && store.size.bytes == 40)
    }
  }

  @Test("Every half is widened as the processor would")
  func allHalves() {
    let bits = (0...UInt16.max).map { $0 }
    let values = [Float](unsafeUninitializedCapacity: bits.count) { values, count in
      bits.withUnsafeBytes {
        HalfPrecision.widen(float16: $0, to: UnsafeMutableBufferPointer(rebasing: values[..<bits.count]))
      }
      count = bits.count
    }
    for (half, value) in zip(bits, values) {
      let (sign, exponent, fraction) = (half >> 15, Int(half >> 10 & 31), Double(half & 0x3FF))
      if exponent == 31 {
        #expect(fraction == 0 ? value.isInfinite : value.isNaN)
      } else {
        let magnitude = exponent == 0 ? fraction * 0x1p-24 : (1024 + fraction) * pow(2, Double(exponent) - 25)
        #expect(value == Float(sign == 1 ? -magnitude : magnitude))
      }
    }
  }

  @Test("A missing, misshapen or whole-numbered tensor is an error that names it; one left over is warned of, once")
  func strictness() throws {
    _ = try file(
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"e.position_ids":{"dtype":"I64","shape":[1],"data_offsets":[12,20]}}"#,
      bytes: 20)
    let warnings = Mutex<[String]>([])
    func take() -> [String] {
      warnings.withLock { warnings in
        defer { warnings = [] }
        return warnings
      }
    }
    func open() throws -> WeightStore {
      try WeightStore(folder: folder.path) { warning in warnings.withLock { $0.append(warning) } }
    }
    let store = try open()
    func message(_ body: () throws -> Void) throws -> String {
      let error = try #require(throws: UnCLIPError.self, performing: body)
      #expect(error.code == .weights)
      return error.message
    }
    #expect(try message { _ = try store.tensor("c", shape: [1]) }.contains("the tensor 'c' of shape [1] is missing"))
    #expect(
      try message { _ = try store.tensor("a", shape: [2, 1]) }.contains(
        "model.safetensors': tensor 'a' has shape [2], expected [2, 1]."))
    #expect(try message { _ = try store.tensor("e.position_ids", shape: [1]) }.contains("is of type I64"))
    #expect(take() == [])
    try store.noteUnused()
    let warned = take()
    #expect(warned.count == 1)
    #expect(warned.first?.contains("'\(folder.path)' holds tensors that its configuration does not call for") == true)
    #expect(warned.first?.hasSuffix("not used: 'a', 'b'.") == true)
    try store.noteUnused()
    #expect(take() == [])
    let used = try open()
    _ = try used.tensor("a", shape: [2])
    _ = try used.tensor("b", shape: [1])
    try used.noteUnused()
    #expect(take() == [])
  }

  @Test("Shards are read through their index, which must tell the truth")
  func shards() throws {
    let index = "/diffusion_pytorch_model.safetensors.index.json"
    func write(_ map: String) throws { _ = try folder.write("{\"weight_map\":\(map)}", to: index) }
    _ = try file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, bytes: 4, name: "x-1-of-2.safetensors")
    _ = try file(#"{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, bytes: 4, name: "x-2-of-2.safetensors")
    _ = try folder.write("", to: "empty.safetensors")
    _ = try file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, bytes: 4, name: "copy.safetensors")
    try FileManager.default.createDirectory(
      atPath: folder.path + "/folder.safetensors", withIntermediateDirectories: true)
    try write(#"{"a":"x-1-of-2.safetensors","b":"x-2-of-2.safetensors"}"#)
    #expect(try WeightStore(folder: folder.path).names == ["a", "b"])
    for (map, reason) in [
      (#"{"a":"x-2-of-2.safetensors"}"#, "places the tensor 'a' in it"),
      (#"{"a":"../x-1-of-2.safetensors"}"#, "no safetensors file beside it"),
      (#"{"a":7}"#, "no safetensors file beside it"),
      (#"{"a":"/etc/x.safetensors"}"#, "no safetensors file beside it"),
      (#"{"a":"x-1-of-2.bin"}"#, "no safetensors file beside it"),
      (#"{"a":"x-1-of-2.safetensors\u0000.safetensors"}"#, "no safetensors file beside it"),
      (#"{"a":"folder.safetensors"}"#, "it is no file"),
      (#"{"a":"empty.safetensors"}"#, "it is empty"),
      (#"{"a":"x-1-of-2.safetensors","c":"copy.safetensors"}"#, "places the tensor 'c' in it"),
      (#"{"a":"x-1-of-2.safetensors","b":"copy.safetensors"}"#, "places the tensor 'b' in it"),
      (#"{"a":"x-1-of-2.safetensors","a":"x-2-of-2.safetensors"}"#, "'a' is given twice"),
      (#"{}"#, "its 'weight_map' is empty"),
      (#"{"a":"gone.safetensors"}"#, "gone.safetensors"),
      (#"[]"#, "no 'weight_map'"),
    ] {
      try write(map)
      let error = try #require(throws: UnCLIPError.self) { _ = try WeightStore(folder: folder.path) }
      #expect(error.message.contains(reason), "\(error)")
    }
    // A tensor in two shards, one of which does not say so in the index.
    _ = try file(
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      bytes: 8, name: "copy.safetensors")
    try write(#"{"a":"x-1-of-2.safetensors","b":"copy.safetensors"}"#)
    let error = try #require(throws: UnCLIPError.self) { _ = try WeightStore(folder: folder.path) }
    #expect(error.message.contains("'a' is in two shards"), "\(error)")
    _ = try folder.write("[]", to: index)
    #expect(throws: UnCLIPError.self) { try WeightStore(folder: folder.path) }
    _ = try folder.write("{\"weight_map\"", to: index)
    #expect(throws: UnCLIPError.self) { try WeightStore(folder: folder.path) }
  }

  @Test("A pipe in place of a file is refused and not waited for")
  func pipe() throws {
    let path = folder.path + "/model.safetensors"
    #expect(mkfifo(path, 0o600) == 0)
    let error = try #require(throws: UnCLIPError.self) { _ = try SafetensorsFile(path: path) }
    #expect(error.message.contains("it is no file"))
  }

  @Test("A pointer of Git LFS is told from damaged weights")
  func lfsPointer() throws {
    let pointer =
      "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "0", count: 64))\nsize 9\n"
    let path = try folder.write(pointer, to: "model.safetensors")
    let error = try #require(throws: UnCLIPError.self) { _ = try SafetensorsFile(path: path) }
    #expect(error.message.contains("it is a pointer of Git LFS") && error.message.contains("git lfs pull"), "\(error)")
  }

  @Test(
    "What looks like weights and cannot be used is named, with what to do",
    arguments: [
      ("model.bf16.safetensors", "is of a variant that is not looked for"),
      ("diffusion_pytorch_model.non_ema.safetensors", "is of a variant that is not looked for"),
      ("model-00001-of-00002.safetensors", "is a shard without the index"),
    ])
  func nearMisses(_ name: String, _ sentence: String) throws {
    _ = try folder.write("", to: name)
    let error = try #require(throws: UnCLIPError.self) { _ = try WeightStore(folder: folder.path) }
    #expect(error.code == .missing && error.message.contains("'\(name)' \(sentence)"), "\(error)")
  }

  @Test("A link that leads nowhere is told from no weights")
  func danglingLink() throws {
    let link = folder.path + "/model.safetensors"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../blobs/gone")
    let error = try #require(throws: UnCLIPError.self) { _ = try WeightStore(folder: folder.path) }
    #expect(error.message.contains("'model.safetensors' is a link to '../blobs/gone', which is not there"), "\(error)")
  }

  @Test("A configuration of 20 GB is refused by its size, without being read")
  func hugeConfiguration() throws {
    let path = try folder.write("{", to: "config.json")
    // A hole: it takes no room on the disk.
    #expect(truncate(path, 20 << 30) == 0)
    let error = try #require(throws: UnCLIPError.self) { _ = try Config(path: path) }
    #expect(error.message.contains("it has 21474836480 bytes; at most 67108864 are read"), "\(error)")
  }

  @Test("Half-precision variants are taken where there are no others; .bin files are not")
  func variants() throws {
    _ = try folder.write("", to: "pytorch_model.bin")
    let error = try #require(throws: UnCLIPError.self) { _ = try WeightStore(folder: folder.path) }
    #expect(error.code == .missing && error.message.contains(".bin files must be converted"))
    _ = try file(
      #"{"half":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#, bytes: 2, name: "model.fp16.safetensors")
    #expect(try WeightStore(folder: folder.path).names == ["half"])
    _ = try file(#"{"full":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, bytes: 4)
    #expect(try WeightStore(folder: folder.path).names == ["full"])
  }
}
