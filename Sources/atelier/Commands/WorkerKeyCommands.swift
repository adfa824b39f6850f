import ArgumentParser
import Foundation
import Shared

/// `atelier worker-token`: the line with which a machine joins as a worker.
///
/// Prints the token alone on standard output, so that a script can hand it on; what it is good for goes to standard
/// error. Whoever has it can join until its time or its uses are over.
struct WorkerTokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker-token", abstract: "Make a token with which a worker joins.",
    discussion: """
      The worker makes its own key with it, and needs the token no more. Revoke such a key with
      'atelier workers revoke'.

      atelier worker-token --pool decoder --ttl 15m
      """)

  @Option(help: "The pool that it may serve; may be repeated. Default: both.") var pool: [Pool] = []
  @Option(help: "How long the token is good, such as 90s, 15m, 2h or 7d.") var ttl: TimeToLive = .init(seconds: 900)
  @Option(help: "How many workers may join by it.") var uses = 1
  @Option(help: "Where workers reach the coordinator, such as tcp://10.0.0.5:5555. Default: as it guesses.")
  var address: String?
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func validate() throws {
    guard (1...1000).contains(uses) else { throw ValidationError("--uses must be from 1 to 1000.") }
  }

  func run() async throws {
    var query = pool.map { "pool=\($0)" } + ["ttl=\(ttl.seconds)", "uses=\(uses)"]
    if let address { query.append("address=\(address.asURLWord)") }
    let answer: WorkerTokenAnswer = try await server.client().post("worker-tokens?" + query.joined(separator: "&"))
    if json { return try printJSON(answer) }
    standardError(
      "Good for \(ttl.text) and \(uses == 1 ? "one worker" : "\(uses) workers"), at \(answer.address) (key \(answer.server)). On the other host:"
    )
    standardError("  ATELIER_TOKEN=TOKEN atelier worker --pool \(pool.first ?? .decoder) --model DIR")
    print(answer.token)
  }
}

/// A length of time as people write it.
struct TimeToLive: ExpressibleByArgument {
  var seconds: Int

  init(seconds: Int) { self.seconds = seconds }

  init?(argument: String) {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let last = argument.last, let unit = units[last] ?? (last.isNumber ? 1 : nil),
      let number = Int(units[last] == nil ? argument[...] : argument.dropLast()), (1...2_592_000).contains(number),
      number * unit <= 2_592_000
    else { return nil }
    seconds = number * unit
  }

  var text: String {
    for (unit, name) in [(86_400, "d"), (3600, "h"), (60, "m")] where seconds % unit == 0 {
      return "\(seconds / unit)\(name)"
    }
    return "\(seconds)s"
  }

  var defaultValueDescription: String { text }
}

/// `atelier workers keys`: the keys that may connect as workers, and those that were revoked; `--json` prints a list of
/// ``WorkerKeyStatus``.
struct WorkerKeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "List the keys of workers.", discussion: "atelier workers keys --json")

  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func run() async throws {
    let keys: [WorkerKeyStatus] = try await server.client().get("worker-keys")
    try printFacts(keys, json: json, WorkerKeyText.table)
  }
}

/// `atelier workers revoke NAME`: a key gets in no more. What its worker holds goes to others at once.
///
/// Prints what `atelier workers keys` does. Exit status 1 if there is no such key.
struct RevokeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Let a worker's key in no more, for good.",
    discussion: "atelier workers revoke 0123456789abcdef")

  @Argument(
    help: "The key's fingerprint, a worker as 'atelier workers' names it, or a host's name for all of its keys.")
  var name: String
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func run() async throws {
    let keys: [WorkerKeyStatus] = try await server.client().post(
      "worker-keys/\(name.asURLWord)/revoke")
    try printFacts(keys, json: json, WorkerKeyText.table)
  }
}
