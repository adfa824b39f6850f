import ArgumentParser
import Shared

/// `atelier workers`: the workers, and the keys by which they are known.
struct WorkersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workers", abstract: "List the workers and their keys, and revoke these.",
    discussion: """
      atelier workers --json
      atelier workers revoke 0123456789abcdef
      """, subcommands: [WorkersListCommand.self, WorkerKeysCommand.self, RevokeCommand.self],
    defaultSubcommand: WorkersListCommand.self)
}

/// `atelier workers list`, or without `list`: who is connected, what each works on, and why one is in quarantine;
/// `--json` prints a list of ``WorkerStatus``.
struct WorkersListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the workers and what each does.", discussion: "atelier workers list --json")

  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func run() async throws {
    let workers: [WorkerStatus] = try await server.client().get("workers")
    try printFacts(workers, json: json, WorkerText.table)
  }
}

/// `atelier drain WORKER`: takes a machine out of the cluster without losing work. The command does not wait until the
/// worker has left: `atelier workers` shows that.
///
/// Prints what `atelier workers` does. Exit status 1 if there is no such worker.
struct DrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain", abstract: "Let a worker finish what it holds and leave.",
    discussion: "atelier drain decoder-host7-4211-1x9k2z")

  @Argument(help: "The worker, as 'atelier workers' names it.") var worker: String
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func run() async throws {
    let workers: [WorkerStatus] = try await server.client().post("workers/\(worker.asURLWord)/drain")
    try printFacts(workers, json: json, WorkerText.table)
  }
}
