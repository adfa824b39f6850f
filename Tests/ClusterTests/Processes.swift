import Foundation
import Shared
import TestSupport

/// Starts and watches processes of the built executable.
final class Processes: @unchecked Sendable {
  let folder: TemporaryFolder
  let port: Int
  private var running: [Process] = []

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  static let model = root + "/Tests/UnCLIPTests/Fixtures/models/narrow"
  /// Beside the test runner, which SwiftPM puts into the same folder.
  static let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    .appendingPathComponent("atelier")

  /// - Parameters:
  ///   - model: the folder of the cluster's only model.
  ///   - checkpointSeconds: how often the state of a running task is saved.
  ///   - security: how workers prove who they are; not at all for nil.
  init(model: String = model, checkpointSeconds: Double = 10, security: String? = nil) throws {
    folder = try TemporaryFolder()
    port = try FreePort.find()
    _ = try folder.write(
      """
      coordinator:
        data: data
        http: 127.0.0.1:\(port)
        work: ipc://\(folder.path)/work
        heartbeat_seconds: 0.2
        silence_seconds: 1.5
        backoff_seconds: 0.1
        checkpoint_seconds: \(checkpointSeconds)
      models:
        - name: small
          path: \(model)
      \(security.map { "security:\n  workers: \($0)" } ?? "")
      """, to: "cluster.yaml")
  }

  deinit { for process in running where process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  /// - Parameter log: where all that the process tells goes; only errors are told, to nobody, without.
  @discardableResult
  func start(_ arguments: [String], log: String? = nil) throws -> Process {
    let process = Process()
    process.executableURL = Self.executable
    process.arguments =
      arguments + ["--config", folder.path + "/cluster.yaml", "--log-level", log == nil ? "error" : "debug"]
    if let log {
      _ = FileManager.default.createFile(atPath: log, contents: nil)
      process.standardOutput = FileHandle(forWritingAtPath: log)
      process.standardError = FileHandle(forWritingAtPath: log)
    }
    try process.run()
    running.append(process)
    return process
  }

  /// Runs a command to its end.
  ///
  /// - Parameters:
  ///   - place: the folder to run it in, such as that of `cluster.yaml`.
  ///   - environment: beside or instead of the coordinator's URL.
  func run(
    _ arguments: [String], in place: String? = nil, environment: [String: String] = [:]
  ) throws -> (status: Int32, output: String, error: String) {
    let process = Process()
    if let place { process.currentDirectoryURL = URL(fileURLWithPath: place) }
    process.executableURL = Self.executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["ATELIER_SERVER": "http://127.0.0.1:\(port)"].merging(environment) { $1 }, uniquingKeysWith: { $1 })
    let (output, error) = (folder.path + "/stdout", folder.path + "/stderr")
    for path in [output, error] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: error)
    try process.run()
    process.waitUntilExit()
    return (
      process.terminationStatus, try String(contentsOfFile: output, encoding: .utf8),
      try String(contentsOfFile: error, encoding: .utf8)
    )
  }

  /// Submits a prompt file. Returns the job.
  func submit(_ arguments: [String]) throws -> String {
    let answer = try run(["submit", "--json"] + arguments)
    guard answer.status == 0 else { throw AtelierError(.internal, answer.error) }
    return try JSONCoding.decode(Submitted.self, from: Data(answer.output.utf8)).job.text
  }

  func status(of job: String) throws -> JobStatus? {
    let answer = try run(["status", job, "--json"])
    return answer.status == 0 ? try JSONCoding.decode(JobStatus.self, from: Data(answer.output.utf8)) : nil
  }

  /// The step that a running task is at, as the coordinator knows it; 0 for none.
  ///
  /// - Parameter stage: of the task; any for nil.
  func step(of stage: Stage? = nil) throws -> Int {
    let answer = try run(["workers", "--json"])
    guard answer.status == 0 else { return 0 }
    return try JSONCoding.decode([WorkerStatus].self, from: Data(answer.output.utf8)).flatMap(\.running)
      .first { stage == nil || $0.stage == stage }?.step ?? 0
  }

  /// The step at which the first task of a stage began in a log of ``start(_:log:)``; nil while none has.
  func firstStep(of stage: Stage, inLog log: String) throws -> Int? {
    let text = try String(contentsOfFile: log, encoding: .utf8)
    let line = text.split(separator: "\n").first { $0.contains("task begins") && $0.contains(stage.rawValue) }
    return line?.firstMatch(of: /from_step\W+(\d+)/).flatMap { Int($0.1) }
  }

  func die(_ process: Process) {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}
