import ArgumentParser
import Foundation
import Logging
import Shared
import UnCLIP
import Worker

/// `atelier worker`: one process that works on tasks of a pool, on this machine or any that reaches the coordinator.
///
/// A coordinator that is not there is waited for, as long as it takes, and said to be missing. Exit status 0 when it
/// has left in order; 1 if a model cannot be loaded, if the coordinator refuses it, as it does with another version's
/// protocol, or if a second signal made it leave work behind.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Run a worker of one pool.",
    discussion: """
      It needs nothing but this binary, the model's folder and, on another host than the coordinator's, a
      token the first time: 'atelier worker-token' prints it. SIGTERM drains it: it finishes the running task and
      leaves; a second one gives the running task back too, and ends it within 5 seconds.

      atelier worker --pool decoder --token-file token.txt --model models/starter
      """)

  @Option(help: "prior (prompts to embeddings) or decoder (embeddings to pictures).") var pool: Pool
  @Option(help: "The coordinator's address for workers; default: cluster.yaml's.") var connect: String?
  @Option(
    help: ArgumentHelp("A model's folder, or NAME=FOLDER; may be repeated. Default: cluster.yaml's.", valueName: "dir"))
  var model: [String] = []
  @Option(help: "Processor threads; default: one a core.") var threads: Int?
  @Option(help: "Tasks held at once; default: cluster.yaml's.") var capacity: Int?
  @Option(help: "The settings; default: cluster.yaml if it is there.") var config: String?
  @OptionGroup var keys: WorkerKeyOptions
  @OptionGroup var logging: LoggingOption

  func validate() throws {
    try ThreadCount.check(threads)
    if let capacity, !(1...1024).contains(capacity) { throw ValidationError("--capacity must be from 1 to 1024.") }
  }

  func run() throws {
    ParentProcess.tie()
    let configuration = try ClusterConfiguration.load(config)
    let logger = logging.logger("worker.\(pool)")
    let host = ProcessInfo.processInfo.hostName
    let isConfigured = connect != nil || config != nil || FileManager.default.fileExists(atPath: "cluster.yaml")
    let (address, curve, joined) = try place(configuration, host: host, isConfigured: isConfigured, logger: logger)
    let threads = threads ?? configuration.worker.threads ?? ProcessInfo.processInfo.activeProcessorCount
    let executor = try UnCLIPExecutor(
      pool: pool, models: try folders(configuration, logger), threads: threads)

    var generator = SystemRandomNumberGenerator()
    let name = WorkerID(pool: pool, host: host, process: getpid(), using: &generator)
    let id = curve.map { name.signed($0.keys.publicKey.fingerprint) } ?? name
    let worker = Worker(
      settings: Worker.Settings(
        id: id, pool: pool, coordinator: address, host: host, threads: threads,
        capacity: capacity ?? configuration.worker.capacity),
      executor: executor, logger: logger, learned: { joined?.learn($0, logger: logger) }
    ) { handler throws(AtelierError) in
      try ZeroMQTransport(role: .worker(connect: address, curve: curve), handler: handler, logger: logger)
    }
    logger.info("starting", metadata: ["worker": "\(id)", "connect": "\(address)", "threads": "\(threads)"])
    let signals = StopSignals(first: { worker.drain() }, second: { worker.stop() })
    defer { signals.cancel() }
    try worker.run()
    logger.info("left")
  }

  /// Where the coordinator is, and how this worker proves itself to it; nil where nobody asks. What it has joined with,
  /// if that is kept.
  private func place(
    _ configuration: ClusterConfiguration, host: String, isConfigured: Bool, logger: Logger
  ) throws -> (address: String, curve: CurveClient?, joined: WorkerKeyOptions.Joined?) {
    let configured = Self.reachable(connect ?? configuration.coordinator.work)
    if let curve = try InheritedKeys.read()?.curve() { return (configured, curve, nil) }
    guard let joined = try keys.membership(pool, host: host, isConfigured: isConfigured, logger: logger) else {
      return (configured, nil, nil)
    }
    return (connect.map(Self.reachable) ?? joined.membership.address, joined.curve, joined)
  }

  /// The models to load, with their names: `NAME=FOLDER`, else the name that the configuration has for the folder, else
  /// the folder's own.
  ///
  /// - Throws: `configuration` if there is none; an `UnCLIPError` if a folder is no model.
  private func folders(_ configuration: ClusterConfiguration, _ logger: Logger) throws -> [(
    name: String, folder: ModelFolder
  )] {
    let named: [(String, String)] = model.map { text in
      if let equals = text.firstIndex(of: "=") {
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
      }
      let known = configuration.models.first {
        URL(fileURLWithPath: $0.path).standardized.path == URL(fileURLWithPath: text).standardized.path
      }
      return (known?.name ?? URL(fileURLWithPath: text).lastPathComponent, text)
    }
    let all = named.isEmpty ? configuration.models.map { ($0.name, $0.path) } : named
    guard !all.isEmpty else {
      throw AtelierError(.configuration, "The worker has no model: name a folder with --model, or in cluster.yaml.")
    }
    return try all.map { name, path in
      (
        name: name,
        folder: try ModelFolder(path: path) { logger.warning("weights not used", metadata: ["reason": "\($0)"]) }
      )
    }
  }

  /// A coordinator that listens on all addresses is on this machine, if no other address was given.
  static func reachable(_ address: String) -> String {
    [("//0.0.0.0:", "//127.0.0.1:"), ("//*:", "//127.0.0.1:"), ("//[::]:", "//[::1]:")].reduce(address) {
      $0.replacingOccurrences(of: $1.0, with: $1.1)
    }
  }
}

extension Pool: ExpressibleByArgument {}
