import Shared
import TestSupport
import Worker

/// What the simulated workers compute: a chain of numbers from the request alone, a link a step. Whoever goes on
/// from a wrong state ends with a wrong picture.
enum SimulatedStage {
  static let steps = 4
  static let model = ModelInfo(
    name: "simulated", digest: String(repeating: "f", count: 64), size: PictureSize(width: 8, height: 8),
    defaults: .karlo)

  /// The state before the first step.
  static func begin(_ task: StageTask) -> UInt64 {
    switch task.stage {
    case .embed: start(task.prompt, task.seed)
    case .denoise: link(number(task.inputs[.imageEmbedding]), with: number(task.inputs[.textStates]))
    case .upsample: link(number(task.inputs[.baseImage]), with: 3)
    }
  }

  static func step(_ state: UInt64, _ index: Int) -> UInt64 { link(state, with: UInt64(index) &+ 1) }

  static func outputs(_ state: UInt64, _ task: StageTask) -> [Artifact] {
    switch task.stage {
    case .embed:
      let text = task.textWanted ? [Artifact.Kind.textStates, .textEmbedding, .textMask] : []
      return [artifact(.imageEmbedding, state)] + text.map { artifact($0, textState(task.prompt)) }
    case .denoise: return [artifact(.baseImage, state)]
    case .upsample: return [Artifact(kind: .picture, type: .png, shape: [8, 8, 3], bytes: bytes(state))]
    }
  }

  static func latents(_ state: UInt64) -> Artifact {
    Artifact(kind: .latents, type: .float32, shape: [2], bytes: bytes(state))
  }

  /// The picture of a prompt and seed, as it must be whatever happened on the way.
  static func picture(_ prompt: String, _ seed: UInt64) -> [UInt8] {
    var state = run(start(prompt, seed))
    state = run(link(state, with: textState(prompt)))
    return bytes(run(link(state, with: 3)))
  }

  static func number(_ artifact: Artifact?) -> UInt64 {
    (artifact?.bytes ?? []).enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset & 7)) }
  }

  private static func run(_ start: UInt64) -> UInt64 { (0..<steps).reduce(start) { step($0, $1) } }

  private static func start(_ prompt: String, _ seed: UInt64) -> UInt64 { link(textState(prompt), with: seed) }

  private static func textState(_ prompt: String) -> UInt64 {
    prompt.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  }

  private static func link(_ state: UInt64, with other: UInt64) -> UInt64 {
    var generator = SeededGenerator(seed: state ^ (other &* 0x2545_F491_4F6C_DD1D))
    return generator.next()
  }

  private static func artifact(_ kind: Artifact.Kind, _ state: UInt64) -> Artifact {
    Artifact(kind: kind, type: .uint8, shape: [8], bytes: bytes(state))
  }

  private static func bytes(_ state: UInt64) -> [UInt8] { withUnsafeBytes(of: state.littleEndian) { Array($0) } }
}
