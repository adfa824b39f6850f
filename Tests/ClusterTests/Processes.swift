import Foundation
import Shared
import TestSupport

@testable import atelier

/// Starts and watches processes of the built executable.
final class Processes: @unchecked Sendable {
  let folder: TemporaryFolder
  let port: Int
  private var running: [ChildProcess] = []

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

  deinit { for process in running { process.send(SIGKILL) } }

  /// - Parameter log: where all that the process tells goes; only errors are told, to nobody, without.
  @discardableResult
  func start(_ arguments: [String], log: String? = nil) throws -> ChildProcess {
    let words =
      arguments + ["--config", folder.path + "/cluster.yaml", "--log-level", log == nil ? "error" : "debug"]
    let file = try log.map { try Self.newFile($0) }
    let told = file.map { ChildProcess.Stream.file($0) } ?? .inherited
    let process = try ChildProcess(Self.executable.path, words, output: told, error: told)
    running.append(process)
    return process
  }

  /// Opens a new file to be written, or an old one that is emptied.
  private static func newFile(_ path: String) throws -> FileHandle {
    try Data().write(to: URL(fileURLWithPath: path))
    return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  }

  /// Runs a command to its end.
  ///
  /// - Parameters:
  ///   - place: the folder to run it in, such as that of `cluster.yaml`.
  ///   - environment: beside or instead of the coordinator's URL.
  func run(
    _ arguments: [String], in place: String? = nil, environment: [String: String] = [:]
  ) throws -> (status: Int32, output: String, error: String) {
    let environment = ProcessInfo.processInfo.environment.merging(
      ["ATELIER_SERVER": "http://127.0.0.1:\(port)"].merging(environment) { $1 }, uniquingKeysWith: { $1 })
    let (output, error) = (folder.path + "/stdout", folder.path + "/stderr")
    let files = try [output, error].map { try Self.newFile($0) }
    let process = try ChildProcess(
      Self.executable.path, arguments, environment: environment, in: place,
      output: .file(files[0]), error: .file(files[1]))
    let ending = process.wait()
    let status: Int32 =
      switch ending {
      case .status(let status): status
      case .signal(let signal): 128 + signal
      case .unstarted: -1
      }
    return (
      status, try String(contentsOfFile: output, encoding: .utf8), try String(contentsOfFile: error, encoding: .utf8)
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

  func die(_ process: ChildProcess) {
    process.send(SIGKILL)
    process.wait()
  }
}
