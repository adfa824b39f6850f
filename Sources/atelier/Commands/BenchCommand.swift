import ArgumentParser
import Foundation
import Tensor
import UnCLIP

/// `atelier bench`: how fast a stage is on this machine, on random inputs of the model's shapes. For who chooses
/// threads and machines, and compares versions.
///
/// `--json` prints the ``Facts``. Exit status 2 for a batch, steps or threads out of their bounds.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time one stage of a model on random inputs.",
    discussion: """
      The batch counts rows: a guided picture has two. The prior's total includes its text prefix.

      atelier bench --model models/starter --stage decoder --batch 2 --steps 5 --threads 2 --json
      """)

  @Option(help: ArgumentHelp("The model's folder.", valueName: "dir")) var model: String
  @Option(help: "prior, decoder or upsampler.") var stage: Stage
  @Option(help: "Rows at once.") var batch = 1
  @Option(help: "Steps timed, after one to warm up.") var steps = 5
  @Option(help: "Threads; default: the processors of this machine.") var threads: Int?
  @Flag(help: "Print where the time goes: seconds, calls and arithmetic by kind of operation.") var profile = false
  @Flag(help: "Print facts as JSON.") var json = false

  /// The denoising stages, as their parts of a model are called.
  enum Stage: String, ExpressibleByArgument, CaseIterable {
    case prior, decoder, upsampler

    var denoising: DenoisingStage {
      switch self {
      case .prior: .prior
      case .decoder: .decoder
      case .upsampler: .upsampler
      }
    }
  }

  func validate() throws {
    guard (1...4096).contains(batch) else { throw ValidationError("--batch must be from 1 to 4096.") }
    guard (1...100_000).contains(steps) else { throw ValidationError("--steps must be from 1 to 100000.") }
    try ThreadCount.check(threads)
  }

  func run() throws {
    let pool = ThreadCount.pool(threads, profiled: profile)
    let folder = try ModelFolder(path: model)
    let benchmark = try StageBenchmark(
      model: folder, stage: stage.denoising, batch: batch, threads: pool)
    benchmark.prepare()
    let started = ProcessAge.seconds
    benchmark.step()
    pool.profile?.reset()
    let clock = ContinuousClock()
    let prepared = clock.measure { benchmark.prepare() }.seconds
    let stepped = clock.measure { for _ in 0..<steps { benchmark.step() } }.seconds
    try folder.requireUnchanged()
    let facts = Facts(
      stage: stage.rawValue, batch: batch, steps: steps, threads: pool.threads,
      secondsTotal: prepared + stepped, secondsPerStep: stepped / Double(steps), secondsToFirstStep: started,
      peakMemoryBytes: PeakMemory.bytes, profile: ProfileReport(pool, of: .seconds(prepared + stepped)))
    if json {
      try printJSON(facts)
    } else {
      print(
        String(
          format: "%@: %d steps of batch %d on %d threads in %.3f s, %.4f s a step, %.0f MB at most",
          stage.rawValue, steps, batch, pool.threads, facts.secondsTotal, facts.secondsPerStep,
          Double(facts.peakMemoryBytes) / 1e6))
      if let profile = facts.profile { print(profile.table) }
    }
  }

  /// The keys, in snake case, are part of the command line's contract.
  private struct Facts: Encodable {
    let stage: String
    let batch, steps, threads: Int
    /// Of all timed steps with what comes before the first; and of one step.
    let secondsTotal, secondsPerStep: Double
    /// From the process' start to the first step's; the prior's text prefix is part of it.
    let secondsToFirstStep: Double
    let peakMemoryBytes: Int
    let profile: ProfileReport?
  }
}
