import Foundation
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

  @Test("Random damage to a header never does worse than an error", arguments: [UInt64(1), 2, 3])
  func damage(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let whole = try Data(
      contentsOf: URL(
        filePath: file(
          #"{"__metadata__":{"format":"pt"},"layer.weight":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]},"layer.bias":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}"#,
          bytes: 20)))
    for _ in 0..<400 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      try bytes.write(to: URL(filePath: folder.path + "/model.safetensors"))
      guard let store = try? WeightStore(folder: folder.path) else { continue }
      for name in store.names {
        if let shape = store.shape(of: name) { _ = try? store.tensor(name, shape: shape).array }
      }
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

  @Test("A missing, misshapen, left over or whole-numbered tensor is an error that names it")
  func strictness() throws {
    _ = try file(
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"e.position_ids":{"dtype":"I64","shape":[1],"data_offsets":[12,20]}}"#,
      bytes: 20)
    let store = try WeightStore(folder: folder.path)
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
    #expect(try message { try store.requireAllConsumed() }.contains("2 of its tensors: 'a', 'b'."))
    _ = try store.tensor("a", shape: [2])
    _ = try store.tensor("b", shape: [1])
    try store.requireAllConsumed()
  }

  @Test("Shards are read through their index, which must tell the truth")
  func shards() throws {
    let index = "/diffusion_pytorch_model.safetensors.index.json"
    func write(_ map: String) throws { _ = try folder.write("{\"weight_map\":\(map)}", to: index) }
    _ = try file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, bytes: 4, name: "x-1-of-2.safetensors")
    _ = try file(#"{"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, bytes: 4, name: "x-2-of-2.safetensors")
    try write(#"{"a":"x-1-of-2.safetensors","b":"x-2-of-2.safetensors"}"#)
    #expect(try WeightStore(folder: folder.path).names == ["a", "b"])
    for (map, reason) in [
      (#"{"a":"x-2-of-2.safetensors"}"#, "places the tensor 'a' in it"),
      (#"{"a":"../x-1-of-2.safetensors"}"#, "no safetensors file beside it"),
      (#"{"a":7}"#, "no safetensors file beside it"),
      (#"{"a":"gone.safetensors"}"#, "gone.safetensors"),
      (#"[]"#, "no 'weight_map'"),
    ] {
      try write(map)
      let error = try #require(throws: UnCLIPError.self) { _ = try WeightStore(folder: folder.path) }
      #expect(error.message.contains(reason), "\(error)")
    }
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
