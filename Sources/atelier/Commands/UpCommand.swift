import ArgumentParser
import Foundation
import Logging
import Shared

/// `atelier up`: a cluster on one machine with one command. Options come first, then `cluster.yaml`, then one worker of
/// each pool.
///
/// It runs until SIGTERM, SIGINT or SIGHUP: workers finish what they run, then the coordinator ends; exit status 0. A
/// second signal kills all, which loses no more than a power cut would; so does whatever ends this process.
struct UpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up", abstract: "Run a whole cluster on this machine: coordinator, workers and dashboard.",
    discussion: """
      Each is a process of its own, started again if it dies, but not if a worker has left after 'atelier drain'. Ctrl-C
      stops them all; jobs go on at the next start.

      atelier up --decoder 2
      """)

  @Option(help: "The settings; default: cluster.yaml if it is there.") var config: String?
  @Option(help: "Workers of the prior pool.") var prior: Int?
  @Option(help: "Workers of the decoder pool.") var decoder: Int?
  @Option(help: "Processor threads of each worker; default: the cores shared out.") var threads: Int?
  @OptionGroup var logging: LoggingOption

  func validate() throws {
    for (name, count) in [("prior", prior), ("decoder", decoder)] {
      if let count, !(0...256).contains(count) { throw ValidationError("--\(name) must be from 0 to 256.") }
    }
    try ThreadCount.check(threads)
  }

  func run() throws {
    let configuration = try ClusterConfiguration.load(config)
    let (prior, decoder) = (prior ?? configuration.up.prior, decoder ?? configuration.up.decoder)
    let shared = ["--log-level", logging.logLevel.rawValue] + (config.map { ["--config", $0] } ?? [])
    // The pools take turns more than they compete: the decoder pool has most of the work, so its workers
    // share the cores among themselves.
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let decoderThreads = threads ?? configuration.worker.threads ?? max(1, cores / max(1, decoder))
    let priorThreads = threads ?? configuration.worker.threads ?? max(1, cores / max(1, prior * 2))

    var children = [ChildProcess.Command(name: "coordinator", arguments: ["coordinator"] + shared)]
    for index in 0..<prior {
      children.append(
        .init(
          name: "prior \(index)", arguments: ["worker", "--pool", "prior", "--threads", "\(priorThreads)"] + shared))
    }
    for index in 0..<decoder {
      children.append(
        .init(
          name: "decoder \(index)",
          arguments: ["worker", "--pool", "decoder", "--threads", "\(decoderThreads)"] + shared))
    }
    if try configuration.workerSecurity() == .curve { try Self.handKeys(to: &children, configuration) }
    Supervisor(commands: children, logger: logging.logger("up")).run()
  }

  /// Workers that are started with their coordinator get keys that last as long as this process.
  private static func handKeys(to children: inout [ChildProcess.Command], _ configuration: ClusterConfiguration) throws
  {
    // What cannot be used is said before anything is started.
    _ = try configuration.serverKeys()
    var workers: [String] = []
    for index in children.indices.dropFirst() {
      let keys = try CurveKeyPair()
      workers.append(keys.publicKey.text)
      // One that is started again later has to know the coordinator by the keys that it has then.
      children[index].input = {
        let servers = try configuration.serverKeys().known.map(\.text)
        return try InheritedKeys(secret: Data(keys.secretBytes), servers: servers).bytes
      }
    }
    let bytes = try InheritedKeys(workers: workers).bytes
    children[0].input = { bytes }
  }
}
