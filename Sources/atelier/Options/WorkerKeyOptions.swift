import ArgumentParser
import Foundation
import Logging
import Shared
import Worker

/// How a worker proves who it is: by a token the first time, by its own key from then on, or by one that `atelier up`
/// handed to it.
struct WorkerKeyOptions: ParsableArguments {
  @Option(help: "A token of 'atelier worker-token', to join. Default: $ATELIER_TOKEN, which no process list shows.")
  var token: String?
  @Option(help: ArgumentHelp("A file with the token; - for standard input.", valueName: "file")) var tokenFile: String?
  @Option(
    help: ArgumentHelp(
      "Where this worker keeps its key once it has joined; one folder a worker. Default: ~/.local/state/atelier/POOL.",
      valueName: "dir"))
  var state: String?
  @Flag(help: "Make a new key, which takes the place of the worker's: the old one is worth nothing from then on.")
  var newKey = false

  func validate() throws {
    if newKey, token != nil || tokenFile != nil { throw ValidationError("A token brings a new key by itself.") }

    if token != nil, tokenFile != nil { throw ValidationError("Give --token or --token-file, not both.") }
  }

  /// That a worker has joined: where, with which keys, and where that is kept.
  struct Joined: Sendable {
    var membership: WorkerMembership
    var curve: CurveClient
    var folder: KeyFolder

    /// Keeps by which keys the coordinator is to be known from now on.
    func learn(_ servers: [CurveKey], logger: Logger) {
      var membership = membership
      membership.learn(servers)
      do throws(AtelierError) {
        try membership.save(in: folder)
        logger.info("the coordinator's keys", metadata: ["keys": "\(servers.map(\.fingerprint))"])
      } catch {
        logger.error("cannot keep the coordinator's keys", metadata: ["error": "\(error)"])
      }
    }
  }

  /// Where to connect and with which keys; nil where neither a token nor a saved key is to be used.
  ///
  /// - Parameter isConfigured: whether somebody has said already where the coordinator is, so that a key that is there
  ///   by chance is none of it.
  /// - Throws: what joining throws; `notFound` for a folder of `--state` that has not joined.
  func membership(
    _ pool: Pool, host: String, isConfigured: Bool, logger: Logger
  ) throws -> Joined? {
    let text = newKey ? nil : try tokenText()
    guard text != nil || state != nil || newKey || !isConfigured else { return nil }
    let path = state ?? Self.standardFolder(pool)
    if text == nil, !FileManager.default.fileExists(atPath: path) {
      guard state != nil || newKey else { return nil }
      throw AtelierError(.notFound, "No worker has joined with the folder '\(path)': give a token with --token.")
    }
    let folder = try KeyFolder(path)
    if let text {
      try folder.hold()
      let (membership, curve) = try Joining.join(try WorkerToken(text), as: host, in: folder, logger: logger)
      return Joined(membership: membership, curve: curve, folder: folder)
    }
    guard let membership = try WorkerMembership(in: folder) else {
      guard state != nil || newKey else { return nil }
      throw AtelierError(.notFound, "No worker has joined with the folder '\(path)': give a token with --token.")
    }
    try folder.hold()
    let curve =
      newKey
      ? try Joining.renewKey(of: membership, as: host, in: folder, logger: logger)
      : try membership.curve(folder.keyPair(WorkerMembership.key))
    return Joined(membership: membership, curve: curve, folder: folder)
  }

  private func tokenText() throws(AtelierError) -> String? {
    if let token { return token }
    if let tokenFile {
      if tokenFile == "-" {
        do { return String(decoding: try FileHandle.standardInput.readToEnd() ?? Data(), as: UTF8.self) } catch {
          throw AtelierError("Cannot read the token", system: error)
        }
      }
      do { return try String(contentsOfFile: tokenFile, encoding: .utf8) } catch {
        throw AtelierError("Cannot read the token '\(tokenFile)'", system: error)
      }
    }
    return ProcessInfo.processInfo.environment["ATELIER_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// By the XDG Base Directory Specification: in `HOME`, which is not always where the system has this user's.
  static func standardFolder(
    _ pool: Pool, _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> String {
    func named(_ variable: String) -> String? { environment[variable].flatMap { $0.isEmpty ? nil : $0 } }
    let base = named("XDG_STATE_HOME") ?? (named("HOME") ?? NSHomeDirectory()) + "/.local/state"
    return "\(base)/atelier/\(pool)"
  }
}
