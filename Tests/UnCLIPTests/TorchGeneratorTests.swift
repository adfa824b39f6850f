import Foundation
import Testing

@testable import UnCLIP

/// Against values recorded from PyTorch (Fixtures/generator/make_fixtures.py).
@Suite struct TorchGeneratorTests {
  /// A seed and the calls that were made one after the other.
  struct Case: Sendable, CustomStringConvertible {
    struct Call: Sendable {
      let count: Int
      let places: [Int]
      let bits: [Int]
    }

    let seed: UInt64
    let calls: [Call]

    var description: String { "seed \(seed), sizes \(calls.map(\.count))" }

    static let all = cases("normals")
    static let uniforms = cases("uniforms")

    private static func cases(_ name: String) -> [Case] {
      let path = URL(filePath: #filePath).deletingLastPathComponent().path + "/Fixtures/generator/\(name).json"
      guard case .array(let cases)? = try? JSONValue.object(ofFile: path)["cases"] else { return [] }
      return cases.compactMap { value in
        guard case .object(let fields) = value, case .string(let seed)? = fields["seed"], let seed = UInt64(seed),
          case .array(let calls)? = fields["calls"]
        else { return nil }
        return try? Case(
          seed: seed,
          calls: calls.map { call in
            guard case .object(let fields) = call else { throw UnCLIPError(.malformed, path) }
            let config = Config(path: path, values: fields)
            return Call(
              count: try config.int("count"), places: try config.ints("places"), bits: try config.ints("bits"))
          })
      }
    }
  }

  @Test("There are recorded cases of many seeds and shapes")
  func hasCases() {
    #expect(Case.all.count == 36)
    #expect(Set(Case.all.map(\.seed)).count == 20)
    #expect(Case.all.contains { $0.seed > UInt64(UInt32.max) && $0.calls.contains { $0.count % 16 != 0 } })
    #expect(Case.uniforms.count == 20)
  }

  @Test("Every call gives the numbers of torch.randn, bit for bit", arguments: Case.all)
  func normal(_ recorded: Case) {
    var generator = TorchGenerator(seed: recorded.seed)
    for call in recorded.calls {
      let values = generator.normal(count: call.count)
      #expect(values.count == call.count)
      let bits = call.places.map { Int(values[$0].bitPattern) }
      if call.count >= 16 {
        #expect(bits == call.bits)
      } else {
        // Drawn in double precision by the system's mathematics library, which may round differently.
        for (value, expected) in zip(bits, call.bits) { #expect(abs(value - expected) <= 1) }
      }
    }
  }

  @Test("Uniform values are those of torch.rand, bit for bit", arguments: Case.uniforms)
  func uniform(_ recorded: Case) {
    var generator = TorchGenerator(seed: recorded.seed)
    for call in recorded.calls {
      let values = (0..<call.count).map { _ in generator.uniform() }
      #expect(call.places.map { Int(values[$0].bitPattern) } == call.bits)
    }
  }

  @Test("Skipping a call leaves the state that drawing leaves", arguments: Case.all)
  func skip(_ recorded: Case) {
    var drawing = TorchGenerator(seed: recorded.seed)
    var skipping = drawing
    for call in recorded.calls {
      _ = drawing.normal(count: call.count)
      skipping.skipNormal(count: call.count)
      var (one, other) = (drawing, skipping)
      #expect(one.normal(count: 3) == other.normal(count: 3))
      #expect(one.normal(count: 40) == other.normal(count: 40))
    }
  }

  @Test("Empty calls draw nothing")
  func empty() {
    var (one, other) = (TorchGenerator(seed: 3), TorchGenerator(seed: 3))
    #expect(one.normal(count: 0).isEmpty)
    one.skipNormal(count: 0)
    #expect(one.normal(count: 20) == other.normal(count: 20))
  }
}
