import Foundation
import Tensor
import Testing

@testable import UnCLIP

/// The samplers against recorded walks (make_sampler_fixtures.py): the implicit one computed independently in
/// double precision, the solver by diffusers' `DPMSolverMultistepScheduler`.
@Suite("Samplers")
struct SamplerTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().path() + "Fixtures/samplers"

  private static let cases: [Config] = {
    let path = folder + "/cases.json"
    guard let file = try? Config(path: path), case .array(let list)? = file.value("cases") else { return [] }
    return list.compactMap {
      if case .object(let values) = $0 { Config(path: path, values: values) } else { nil }
    }
  }()

  @Test("All recorded walks are there")
  func count() {
    #expect(Self.cases.count == 14)
    #expect(Self.cases.count { (try? $0.string("sampler")) == "solver" } == 5)
  }

  @Test("A walk under the same model outputs and noise leads where the recorded one leads", arguments: cases.indices)
  func walk(number: Int) throws {
    let config = Self.cases[number]
    let isSolver = try config.string("sampler") == "solver"
    let sampler = isSolver ? Sampler.dpmSolver : .ddim(eta: try config.double("eta"))
    let times = try config.ints("timesteps")
    let recorded = try WeightStore(folder: Self.folder)
    func rows(_ name: String) throws -> Tensor {
      try recorded.tensor("\(number).\(name)", shape: recorded.shape(of: "\(number).\(name)") ?? [])
    }
    let (outputs, samples) = (try rows("outputs"), try rows("samples"))
    let shape = [1, samples.shape[1]]
    let process = ReverseProcess(try UnCLIPScheduler(config), sampler: sampler, steps: times.count, shape: shape)
    #expect(process.timesteps == times)
    var state = process.state(samples.rows(0..<1))
    for index in times.indices {
      let noise = try (0..<process.draws(index)).map { _ in try rows("noise").rows(index..<index + 1).array }
      state = process.step(
        outputs.rows(index..<index + 1), index: index, state: state, noise: noise, isFirst: index == 0)
      let error = relativeError(state.sample, samples.rows(index + 1..<index + 2))
      #expect(error < (isSolver ? 1e-4 : 5e-5), "step \(index): \(error)")
    }
  }

  @Test("Every name makes its sampler, and eta goes to the one that has it")
  func names() throws {
    // Names that requests in stores and models' folders have.
    for name in ["ddpm", "ddim", "dpm-solver"] { #expect(Sampler.names.contains(name)) }
    for name in Sampler.names {
      let method = try #require(Sampler(named: name, eta: 0.5)).method
      #expect(method.eta == nil || method.eta == 0.5)
    }
    #expect(Sampler(named: "ddim")?.method.eta == 0)
    #expect(Sampler.invertible.contains("ddim"))
    #expect(Sampler(named: "no such sampler").map { _ in true } == nil)
  }

  @Test("Draws are those of the plan: the solver and the implicit sampler without noise draw only the first sample")
  func draws() {
    let scheduler = UnCLIPScheduler(trainSteps: 1000, variance: .fixedSmallLog, prediction: .sample, clipRange: nil)
    for (sampler, expected) in [(Sampler.ddpm, 9), (.ddim(eta: 0), 0), (.ddim(eta: 0.3), 9), (.dpmSolver, 0)] {
      let process = ReverseProcess(scheduler, sampler: sampler, steps: 10, shape: [4])
      #expect(process.timesteps.indices.reduce(0) { $0 + process.draws($1) } == expected)
      #expect(sampler.method.draws(steps: 10) == expected + 1)
    }
  }
}

extension SamplerTests {
  @Test("The solver takes any number of steps that the schedule has, each timestep once", arguments: [2, 3, 49, 50])
  func solverSteps(steps: Int) {
    let scheduler = UnCLIPScheduler(trainSteps: 50, variance: .fixedSmallLog, prediction: .sample, clipRange: nil)
    let process = ReverseProcess(scheduler, sampler: .dpmSolver, steps: steps, shape: [2])
    #expect(process.timesteps.count == steps && Set(process.timesteps).count == steps)
    #expect(process.timesteps.first == 49 && process.timesteps == process.timesteps.sorted(by: >))
    var state = process.state(Tensor([1, -1], shape: [2]))
    for index in 0..<steps {
      state = process.step(Tensor([0.5, 0.25], shape: [2]), index: index, state: state, noise: [], isFirst: index == 0)
    }
    #expect(state.sample.array == [0.5, 0.25])
  }
}

/// A distribution whose noised densities, and so the best possible predictions, are known in closed form: a mixture
/// of Gaussians over pairs of values.
struct GaussianMixture: Sendable {
  var centres: [[Double]] = [[-1.2, 0.4], [0.3, 1.1], [0.9, -0.8]]
  var weights = [0.5, 0.2, 0.3]
  var deviation = 0.15

  /// The expectation of the clean sample, given a noised one whose values are pairs.
  func clean(_ sample: Tensor, at level: UnCLIPScheduler.Level) -> Tensor {
    let values = sample.array.map { Double($0) }
    let (signal, noise) = (level.signal, level.noise)
    let variance = signal * signal * deviation * deviation + noise * noise
    let gain = signal * deviation * deviation / variance
    let result = stride(from: 0, to: values.count, by: 2).flatMap { place -> [Float] in
      let pair = [values[place], values[place + 1]]
      let logs = zip(centres, weights).map { centre, weight in
        log(weight) - zip(pair, centre).reduce(0) { $0 + pow($1.0 - signal * $1.1, 2) } / (2 * variance)
      }
      let highest = logs.max() ?? 0
      let shares = logs.map { exp($0 - highest) }
      let total = shares.reduce(0, +)
      return (0..<2).map { axis in
        Float(
          zip(centres, shares).reduce(0) { sum, entry in
            sum + entry.1 / total * (entry.0[axis] + gain * (pair[axis] - signal * entry.0[axis]))
          })
      }
    }
    return Tensor(result, shape: sample.shape)
  }

  /// The distribution as a model of the scheduler's kind.
  func model(_ scheduler: UnCLIPScheduler) -> DenoisingLoop.Model {
    { sample, timestep, _ in
      let level = scheduler.level(timestep)
      let clean = clean(sample, at: level)
      guard scheduler.prediction == .epsilon else { return clean }
      let values = zip(sample.array, clean.array).map { ($0 - Float(level.signal) * $1) / Float(level.noise) }
      return Tensor(values, shape: sample.shape)
    }
  }

  /// Pairs that were drawn from it.
  func draw(pairs: Int, seed: UInt64) -> Tensor {
    var noise = NoiseSource(seed: seed)
    let normals = noise.draw(count: 2 * pairs)
    return Tensor(
      normals.indices.map { Float(centres[$0 / 2 % centres.count][$0 % 2]) + Float(deviation) * normals[$0] },
      shape: [2 * pairs])
  }
}

/// The samplers on a model that is exact, so that what they do wrong is their own.
@Suite("Samplers on an exact model")
struct ExactModelTests {
  private static let mixture = GaussianMixture()
  private static let pairs = 64

  private static func scheduler(_ prediction: UnCLIPScheduler.Prediction) -> UnCLIPScheduler {
    UnCLIPScheduler(trainSteps: 1000, variance: .fixedSmallLog, prediction: prediction, clipRange: nil)
  }

  private static func sample(
    _ sampler: Sampler, steps: Int, seed: UInt64, _ prediction: UnCLIPScheduler.Prediction = .sample
  ) throws -> Tensor {
    let scheduler = scheduler(prediction)
    let process = ReverseProcess(scheduler, sampler: sampler, steps: steps, shape: [2 * pairs])
    let loop = DenoisingLoop(.decoder, process, model: mixture.model(scheduler))
    return try DenoisingRun(loop, noise: NoiseSource(seed: seed), shape: [2 * pairs], from: nil).complete()
  }

  private static func reconstruct(
    _ picture: Tensor, eta: Double, steps: Int, seed: UInt64, _ prediction: UnCLIPScheduler.Prediction
  ) throws -> Tensor {
    let scheduler = scheduler(prediction)
    let process = ReverseProcess(scheduler, sampler: .ddim(eta: eta), steps: steps, shape: picture.shape)
    let loop = DenoisingLoop(
      .decoder, inverting: picture, process, model: mixture.model(scheduler), finish: { $0 })
    return try DenoisingRun(loop, noise: NoiseSource(seed: seed), shape: picture.shape, from: nil).complete()
  }

  private func distance(_ a: Tensor, _ b: Tensor) -> Double {
    let squares = zip(a.array, b.array).reduce(0) { $0 + pow(Double($1.0 - $1.1), 2) }
    return (squares / Double(a.count)).squareRoot()
  }

  @Test(
    "A sample that is inverted and made again without noise comes back, the closer the more steps",
    arguments: [UnCLIPScheduler.Prediction.sample, .epsilon])
  func inversion(_ prediction: UnCLIPScheduler.Prediction) throws {
    let picture = Self.mixture.draw(pairs: Self.pairs, seed: 5)
    let errors = try [25, 100, 400].map {
      distance(try Self.reconstruct(picture, eta: 0, steps: $0, seed: 1, prediction), picture)
    }
    #expect(errors[0] < 0.12 && errors[1] < 0.04 && errors[2] < 0.012, "\(errors)")
    // No noise is drawn, so that the seed says nothing.
    let (one, other) = (
      try Self.reconstruct(picture, eta: 0, steps: 25, seed: 1, prediction),
      try Self.reconstruct(picture, eta: 0, steps: 25, seed: 2, prediction)
    )
    #expect(one.array == other.array)
  }

  @Test("With noise on the way back an inverted sample varies, the more the more noise")
  func variation() throws {
    let picture = Self.mixture.draw(pairs: Self.pairs, seed: 6)
    let distances = try [0, 0.3, 0.7, 1].map {
      distance(try Self.reconstruct(picture, eta: $0, steps: 50, seed: 3, .sample), picture)
    }
    #expect(distances == distances.sorted() && distances[0] < 0.06 && distances[3] > 0.1, "\(distances)")
    #expect(
      try Self.reconstruct(picture, eta: 1, steps: 50, seed: 3, .sample).array
        != Self.reconstruct(picture, eta: 1, steps: 50, seed: 4, .sample).array)
  }

  @Test("Whatever the sampler, samples lie where the distribution has them")
  func distribution() throws {
    for sampler in [Sampler.ddpm, .ddim(eta: 0), .ddim(eta: 0.5), .ddim(eta: 1), .dpmSolver] {
      var (near, counts) = (0, [0, 0, 0])
      for seed in 0..<6 as Range<UInt64> {
        let values = try Self.sample(sampler, steps: 50, seed: seed).array.map { Double($0) }
        for place in stride(from: 0, to: values.count, by: 2) {
          let distances = Self.mixture.centres.map { hypot(values[place] - $0[0], values[place + 1] - $0[1]) }
          let nearest = distances.indices.min { distances[$0] < distances[$1] } ?? 0
          counts[nearest] += 1
          if distances[nearest] < 4 * Self.mixture.deviation { near += 1 }
        }
      }
      let all = Double(6 * Self.pairs)
      #expect(Double(near) > 0.95 * all, "\(sampler)")
      for (count, weight) in zip(counts, Self.mixture.weights) {
        // Three standard deviations of a draw of that many.
        #expect(abs(Double(count) - weight * all) < 3 * (all * weight * (1 - weight)).squareRoot(), "\(sampler) \(counts)")
      }
    }
  }

  @Test(
    "Twelve steps of the solver come closer to the solution than twelve of the other samplers",
    arguments: [UnCLIPScheduler.Prediction.sample, .epsilon])
  func solver(_ prediction: UnCLIPScheduler.Prediction) throws {
    var errors: [String: Double] = [:]
    for seed in 0..<8 as Range<UInt64> {
      let solution = try Self.sample(.ddim(eta: 0), steps: 400, seed: seed, prediction)
      let other = try Self.sample(.dpmSolver, steps: 400, seed: seed, prediction)
      errors["solution", default: 0] += distance(other, solution) / 8
      for (name, sampler) in [("solver", Sampler.dpmSolver), ("ddim", .ddim(eta: 0)), ("ddpm", .ddpm)] {
        errors[name, default: 0] += distance(try Self.sample(sampler, steps: 12, seed: seed, prediction), solution) / 8
      }
    }
    let solver = try #require(errors["solver"])
    let ddim = try #require(errors["ddim"])
    let ddpm = try #require(errors["ddpm"])
    #expect(solver < 0.8 * ddim && ddim < ddpm, "\(errors)")
    #expect(try #require(errors["solution"]) < solver / 2, "\(errors)")
  }
}
