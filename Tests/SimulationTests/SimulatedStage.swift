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

  /// The state before the first step: of what the stage reads, in the order of the plan.
  static func begin(_ task: StageTask) -> UInt64 {
    let inputs = task.step?.inputs ?? []
    return inputs.reduce(start(task.stage, task.prompt, task.seed)) { link($0, with: number(task.inputs[$1])) }
  }

  static func step(_ state: UInt64, _ index: Int) -> UInt64 { link(state, with: UInt64(index) &+ 1) }

  static func outputs(_ state: UInt64, _ task: StageTask) -> [Artifact] {
    task.wantedOutputs.map { artifact($0, value(of: $0, state, task.prompt)) }
  }

  /// What belongs to the item is the prompt's alone.
  private static func value(of kind: Artifact.Kind, _ state: UInt64, _ prompt: String) -> UInt64 {
    kind.belongsToItem ? hash(prompt) : link(state, with: hash(kind.rawValue))
  }

  /// A number a byte, since no number may be NaN.
  static func latents(_ state: UInt64) -> Artifact {
    let numbers = bytes(state).flatMap { byte in withUnsafeBytes(of: Float(byte)) { Array($0) } }
    return Artifact(kind: .latents, type: .float32, shape: [8, 1], bytes: numbers)
  }

  static func state(of latents: Artifact) -> UInt64 {
    latents.rows.enumerated().reduce(0) { state, row in
      row.element.reduce(state) { $0 | UInt64($1) << (8 * UInt64(row.offset)) }
    }
  }

  /// The picture of a prompt and seed, as it must be whatever happened on the way.
  static func picture(_ prompt: String, _ seed: UInt64) -> [UInt8] {
    var made: [Artifact.Kind: UInt64] = [:]
    for step in StagePlan(for: PictureOperation.render(embedding: nil)).steps {
      let begin = step.inputs.reduce(start(step.stage, prompt, seed)) { link($0, with: made[$1] ?? 0) }
      let state = (0..<steps).reduce(begin) { Self.step($0, $1) }
      for kind in step.outputs { made[kind] = value(of: kind, state, prompt) }
    }
    return bytes(made[.picture] ?? 0)
  }

  static func number(_ artifact: Artifact?) -> UInt64 {
    (artifact?.bytes ?? []).enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset & 7)) }
  }

  private static func start(_ stage: Stage, _ prompt: String, _ seed: UInt64) -> UInt64 {
    link(hash(stage.rawValue + prompt), with: seed)
  }

  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
  }

  private static func link(_ state: UInt64, with other: UInt64) -> UInt64 {
    var generator = SeededGenerator(seed: state ^ (other &* 0x2545_F491_4F6C_DD1D))
    return generator.next()
  }

  private static func artifact(_ kind: Artifact.Kind, _ state: UInt64) -> Artifact {
    let isPicture = kind == .picture
    return Artifact(
      kind: kind, type: isPicture ? .png : .uint8, shape: isPicture ? [8, 8, 3] : [8], bytes: bytes(state))
  }

  private static func bytes(_ state: UInt64) -> [UInt8] { withUnsafeBytes(of: state.littleEndian) { Array($0) } }
}
