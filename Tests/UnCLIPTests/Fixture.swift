import Foundation
import Tensor
import UnCLIP

/// A tiny model with random weights, and what the reference computed with it (make_fixtures.py).
struct Fixture: Sendable, CustomStringConvertible {
  /// A picture of the reference.
  struct Case: Sendable {
    let number: Int
    let request: PictureRequest
  }

  let name: String
  let path: String
  let model: ModelFolder
  let timestep: Int
  let prompt: String
  let cases: [Case]
  private let expected: WeightStore

  var description: String { name }

  /// The committed fixtures, and those in the folder that ATELIER_PARITY_MODELS names.
  static let all: [Fixture] = {
    let here = URL(filePath: #filePath).deletingLastPathComponent().path() + "Fixtures/models"
    let more = ProcessInfo.processInfo.environment["ATELIER_PARITY_MODELS"].map { [$0] } ?? []
    return ([here] + more).flatMap { folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.sorted().compactMap { try? Fixture(path: "\(folder)/\($0)") }
    }
  }()

  init(path: String) throws {
    self.path = path
    name = URL(filePath: path).lastPathComponent
    model = try ModelFolder(path: path)
    expected = try WeightStore(folder: path + "/expected")
    let file = path + "/expected/cases.json"
    let values = try Config(path: file)
    timestep = try values.int("timestep")
    prompt = try values.string("prompt")
    guard case .array(let list)? = values.value("cases") else {
      throw UnCLIPError(.malformed, "'\(file)' has no cases.")
    }
    cases = try list.enumerated().map { number, value in
      guard case .object(let object) = value else {
        throw UnCLIPError(.malformed, "'\(file)' has a case that is no object.")
      }
      let config = Config(path: file, values: object)
      return Case(
        number: number,
        request: PictureRequest(
          prompt: try config.string("prompt"), seed: UInt64(try config.int("seed")),
          priorSteps: try config.int("prior_steps"), decoderSteps: try config.int("decoder_steps"),
          superResSteps: try config.int("super_res_steps"),
          priorGuidance: try config.double("prior_guidance"),
          decoderGuidance: try config.double("decoder_guidance")))
    }
  }

  /// A tensor that the reference took or gave, of whatever shape.
  func tensor(_ name: String) throws -> Tensor {
    try expected.tensor(name, shape: expected.shape(of: name) ?? [])
  }
}

/// The largest difference, relative to the largest expected magnitude.
func relativeError(_ actual: Tensor, _ expected: Tensor) -> Float {
  let (a, e) = (actual.array, expected.array)
  guard a.count == e.count else { return .infinity }
  let scale = e.reduce(0) { max($0, abs($1)) }
  let worst = zip(a, e).reduce(Float(0)) { worst, pair in
    let difference = abs(pair.0 - pair.1)
    return difference.isNaN ? .infinity : max(worst, difference)
  }
  return scale == 0 ? worst : worst / scale
}
