import Foundation
import Tensor
import Testing

@testable import UnCLIP

/// The scheduler against trajectories of the reference's (make_fixtures.py, `scheduler_cases`).
@Suite("Scheduler")
struct SchedulerTests {
  private static let folder =
    URL(filePath: #filePath).deletingLastPathComponent().path() + "Fixtures/scheduler"

  private static let cases: [Config] = {
    let path = folder + "/cases.json"
    guard let file = try? Config(path: path), case .array(let list)? = file.value("cases") else {
      return []
    }
    return list.compactMap {
      if case .object(let values) = $0 { Config(path: path, values: values) } else { nil }
    }
  }()

  @Test("All recorded cases are there")
  func count() { #expect(Self.cases.count == 6) }

  @Test("Timesteps are the reference's", arguments: cases.indices)
  func timesteps(number: Int) throws {
    let expected = try Self.cases[number].ints("timesteps")
    #expect(try UnCLIPScheduler(Self.cases[number]).timesteps(expected.count) == expected)
  }

  @Test("Each step leads where the reference's leads", arguments: cases.indices)
  func steps(number: Int) throws {
    let config = Self.cases[number]
    let scheduler = try UnCLIPScheduler(config)
    let recorded = try WeightStore(folder: Self.folder)
    let samples = try recorded.tensor(
      "\(number).samples", shape: recorded.shape(of: "\(number).samples") ?? [])
    let outputs = try recorded.tensor(
      "\(number).outputs", shape: recorded.shape(of: "\(number).outputs") ?? [])
    let times = try config.ints("timesteps")
    var noise = NoiseSource(seed: UInt64(try config.int("seed")))
    let first = Tensor(noise.draw(count: 27), shape: [1, 27])
    #expect(relativeError(first, samples.rows(0..<1)) < 2e-6)
    for (index, timestep) in times.enumerated() {
      let step = SamplingStep(
        scheduler: scheduler, before: index > 0 ? times[index - 1] : nil, timestep: timestep,
        next: index + 1 < times.count ? times[index + 1] : nil, output: outputs.rows(index..<index + 1),
        noise: timestep > 0 ? [noise.draw(count: 27)] : [])
      let next = DDPMSampler().step(step, from: SamplingState(sample: samples.rows(index..<index + 1)))
      let error = relativeError(next.sample, samples.rows(index + 1..<index + 2))
      #expect(error < 2e-6, "step \(index): \(error)")
    }
  }

  @Test(
    "What the engine does not do is refused by name",
    arguments: [
      ("beta_schedule", JSONValue.string("linear")), ("prediction_type", .string("v_prediction")),
      ("variance_type", .string("fixed_large")), ("_class_name", .string("DDIMScheduler")),
      ("num_train_timesteps", .integer(1)), ("clip_sample_range", .number(-1)),
    ])
  func refusal(key: String, value: JSONValue) {
    let config = Config(path: "scheduler_config.json", values: [key: value])
    let error = #expect(throws: UnCLIPError.self) { try UnCLIPScheduler(config) }
    #expect(error?.message.contains("'\(key)'") == true)
    #expect(error?.message.contains(value.text) == true)
  }

  @Test("Steps beyond the schedule are refused in every stage", arguments: [0, 1, 401, -3])
  func steps(count: Int) throws {
    let fixture = try #require(Fixture.all.first { $0.name == "deep" })
    let shape = try ModelShape(fixture.model)
    var request = PictureRequest(prompt: "", seed: 0, decoderSteps: count)
    #expect(throws: UnCLIPError.self) { try shape.check(request) }
    request.decoderSteps = 400
    try shape.check(request)
    request.priorGuidance = .infinity
    #expect(throws: UnCLIPError.self) { try shape.check(request) }
  }
}
