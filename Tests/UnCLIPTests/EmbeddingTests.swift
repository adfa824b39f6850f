import Foundation
import Imaging
import Tensor
import TestSupport
import Testing

@testable import UnCLIP

@Suite("Embeddings") struct EmbeddingTests {
  private static func random(_ width: Int, seed: UInt64) -> Tensor {
    var generator = TorchGenerator(seed: seed)
    return Tensor(generator.normal(count: width), shape: [width])
  }

  private static func length(_ tensor: Tensor) -> Double {
    tensor.array.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  @Test("An interpolation begins and ends at its ends, and turns by equal angles")
  func interpolation() {
    let (a, b) = (Self.random(32, seed: 1), Self.random(32, seed: 2))
    let way = (0...4).map { SphericalInterpolation.between(a, b, fraction: Double($0) / 4) }
    #expect(relativeError(way[0], a) < 1e-6 && relativeError(way[4], b) < 1e-6)
    // Of unit vectors the sphere's own: each step is a quarter of the angle, and the length stays one.
    let scaled = [a, b].map { tensor in
      Tensor(tensor.array.map { $0 / Float(Self.length(tensor)) }, shape: tensor.shape)
    }
    let whole = acos(SphericalInterpolation.cosine(scaled[0], scaled[1]))
    for step in 1...4 {
      let point = SphericalInterpolation.between(scaled[0], scaled[1], fraction: Double(step) / 4)
      #expect(abs(Self.length(point) - 1) < 1e-6)
      #expect(abs(acos(SphericalInterpolation.cosine(scaled[0], point)) - whole * Double(step) / 4) < 1e-4)
    }
  }

  @Test("A text diff of strength 0 leaves the picture, of 1 only the difference, at the picture's length")
  func diff() {
    let (picture, from, to) = (Self.random(24, seed: 3), Self.random(24, seed: 4), Self.random(24, seed: 5))
    #expect(relativeError(SphericalInterpolation.moved(picture, from: from, to: to, strength: 0), picture) < 1e-6)
    let moved = SphericalInterpolation.moved(picture, from: from, to: to, strength: 1)
    let unit = [from, to].map { tensor in tensor.array.map { $0 / Float(Self.length(tensor)) } }
    let difference = Tensor(zip(unit[1], unit[0]).map { $0 - $1 }, shape: [24])
    #expect(abs(SphericalInterpolation.cosine(moved, difference) - 1) < 1e-6)
    #expect(abs(Self.length(moved) / Self.length(picture) - 1) < 1e-6)
    #expect(relativeError(SphericalInterpolation.moved(picture, from: from, to: from, strength: 0.7), picture) < 1e-6)
  }

  @Test("A saved embedding is read back to the bit, in each float type")
  func file() throws {
    let embedding = Self.random(19, seed: 6)
    #expect(try EmbeddingFile.read(EmbeddingFile.encode(embedding), name: "e").array == embedding.array)
    for (type, size) in [("F16", 2), ("BF16", 2), ("F64", 8)] {
      // One: 0x3C00, 0x3F80, 0x3FF0000000000000.
      let one: [UInt8] = type == "F16" ? [0, 0x3C] : type == "BF16" ? [0x80, 0x3F] : [0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
      let bytes = Self.file(type, shape: [1, 2], values: one + one, size: 2 * size)
      #expect(try EmbeddingFile.read(bytes, name: "e").array == [1, 1])
    }
  }

  @Test("A file that holds no embedding is refused with a reason", arguments: [
    ("I32", [2], [1, 0, 0, 0, 2, 0, 0, 0], "type I32"), ("F32", [2, 1], [0, 0, 0, 0, 0, 0, 0, 0], "one row"),
    ("F32", [1], [0, 0, 0xC0, 0x7F], "no numbers"), ("F32", [1], [0, 0, 0x80, 0x7F], "no numbers"),
  ] as [(String, [Int], [UInt8], String)])
  func refusal(type: String, shape: [Int], values: [UInt8], reason: String) {
    let bytes = Self.file(type, shape: shape, values: values, size: values.count)
    let error = #expect(throws: UnCLIPError.self) { try EmbeddingFile.read(bytes, name: "e") }
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
  }

  private static func file(_ type: String, shape: [Int], values: [UInt8], size: Int) -> [UInt8] {
    let header = "{\"x\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[0,\(size)]}}"
    return withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8) + values
  }

  @Test("Scores are the cosines of the reference's embeddings", arguments: Fixture.withPictures)
  func scores(fixture: Fixture) throws {
    let stage = try EmbeddingStage(model: fixture.model, threads: ThreadPool(threads: 2))
    let pictures = try (0..<Fixture.pictures).map { try stage.embed(fixture.picture($0)) }
    let text = try fixture.tensor("text.embedding")
    try #require(text.shape[1] == pictures[0].count)
    let scores = try stage.scores(pictures: pictures, texts: ["", fixture.prompt])
    for number in 0..<Fixture.pictures {
      for row in 0..<2 {
        let expected = SphericalInterpolation.cosine(
          try fixture.tensor("image\(number).embedding"), text.rows(row..<row + 1))
        #expect(abs(scores[number][row] - expected) < 1e-4)
      }
    }
  }

  @Test("The ends of an interpolation are the pictures' own embeddings, and a diff of strength 0 is a variation")
  func sources() throws {
    let fixture = try #require(Fixture.withPictures.first)
    let stage = try EmbeddingStage(model: fixture.model, threads: ThreadPool(threads: 2))
    let picture = try fixture.picture(0)
    var request = PictureRequest(prompt: "", seed: 1, priorSteps: 3)
    let text = try stage.encode(request)
    func embedding(_ source: EmbeddingSource) throws -> Tensor {
      request.embedding = source
      return try stage.embedding(request, text: text) { $0.complete() }
    }
    let own = try embedding(.picture(picture))
    let caption = try embedding(.caption(fixture.prompt))
    for (fraction, expected) in [(0.0, own), (1.0, caption)] {
      let between = try embedding(.between(.picture(picture), .caption(fixture.prompt), fraction: fraction))
      #expect(relativeError(between, expected) < 1e-5)
    }
    #expect(relativeError(try embedding(.moved(picture, from: "a", to: "b", strength: 0)), own) < 1e-5)
  }

  @Test("A picture too long to be looked at is refused, not attempted")
  func longPicture() throws {
    let fixture = try #require(Fixture.withPictures.first)
    let stage = try EmbeddingStage(model: fixture.model, threads: ThreadPool(threads: 1))
    let line = RGBImage(width: 2_000_000, height: 1, filledWith: (0, 0, 0))
    let error = #expect(throws: UnCLIPError.self) { try stage.embed(line) }
    #expect(error?.code == .request && error?.message.contains("too long") == true)
  }
}
