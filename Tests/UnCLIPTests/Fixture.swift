import Foundation
import Imaging
import Tensor
import UnCLIP

/// A tiny model with random weights, and what the reference computed with it (Fixtures/make_fixtures.py).
struct Fixture: Sendable, CustomStringConvertible {
  /// A picture of the reference.
  struct Case: Sendable {
    let number: Int
    let request: PictureRequest
    /// Whether it is a variation of a picture; else it is made from a prompt.
    let isVariation: Bool
  }

  let name: String
  let path: String
  let model: ModelFolder
  let timestep: Int
  let prompt: String
  let cases: [Case]
  private let expected: WeightStore

  var description: String { name }

  /// The committed folders, and those in the folder that ATELIER_PARITY_MODELS names.
  static let folders: [String] = {
    let here = URL(filePath: #filePath).deletingLastPathComponent().path() + "Fixtures/models"
    let more = ProcessInfo.processInfo.environment["ATELIER_PARITY_MODELS"].map { [$0] } ?? []
    return ([here] + more).flatMap { folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.sorted().map { "\(folder)/\($0)" }
    }
  }()

  /// Those of the folders that can be read.
  static let all = folders.compactMap { try? Fixture(path: $0) }
  static let withPictures = all.filter { $0.model.hasPart("image_encoder") }

  /// How many pictures the reference looked at.
  static let pictures = 2

  init(path: String) throws {
    self.path = path
    name = URL(filePath: path).lastPathComponent
    model = try ModelFolder(path: path)
    let expected = try WeightStore(folder: path + "/expected")
    self.expected = expected
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
      return try Self.read(Config(path: file, values: object), number: number, expected)
    }
  }

  private static func read(_ config: Config, number: Int, _ expected: WeightStore) throws -> Case {
    var request = PictureRequest(
      prompt: try config.string("prompt"), seed: UInt64(try config.int("seed")),
      priorSteps: try config.int("prior_steps"), decoderSteps: try config.int("decoder_steps"),
      superResSteps: try config.int("super_res_steps"), priorGuidance: try config.double("prior_guidance"),
      decoderGuidance: try config.double("decoder_guidance"))
    let picture = try config.optionalInt("picture")
    if let picture { request.embedding = .picture(try Self.picture(picture, "picture", expected)) }
    return Case(number: number, request: request, isVariation: picture != nil)
  }

  /// A tensor that the reference took or gave, of whatever shape.
  func tensor(_ name: String) throws -> Tensor { try Self.tensor(name, expected) }

  /// A picture that the reference looked at, or what its preprocessing made of it.
  func picture(_ number: Int, _ name: String = "picture") throws -> RGBImage {
    try Self.picture(number, name, expected)
  }

  private static func tensor(_ name: String, _ expected: WeightStore) throws -> Tensor {
    try expected.tensor(name, shape: expected.shape(of: name) ?? [])
  }

  private static func picture(_ number: Int, _ name: String, _ expected: WeightStore) throws -> RGBImage {
    let values = try tensor("image\(number).\(name)", expected)
    return RGBImage(width: values.shape[1], height: values.shape[0], pixels: values.array.map { UInt8($0) })
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
