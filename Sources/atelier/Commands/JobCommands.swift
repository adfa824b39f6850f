import ArgumentParser
import Shared

/// `atelier jobs`: the newest jobs, newest first, a line each; `--json` prints a list of ``JobStatus``.
struct JobsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "List the newest jobs.", discussion: "atelier jobs --limit 10")

  @Option(help: "How many.") var limit = 30
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func run() async throws {
    let jobs: [JobStatus] = try await server.client().get("jobs?limit=\(limit)")
    try printFacts(jobs, json: json) { JobText.table($0) }
  }
}

/// `atelier status [JOB]`: how things stand. Without a job all newest ones, and first what is wrong with the store or
/// was found damaged; with one its counts, rate, time left, what it waits for, and why pictures failed.
///
/// `--json` prints one ``JobStatus``, or a list of them without a job; what is wrong with the store is on standard
/// error. Exit status 0 also if pictures failed, 1 if there is no such job or no coordinator answers; with `--watch` 1
/// also if the job was cancelled or pictures failed.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show all jobs, or one with its counts, rate, time left and failures.",
    discussion: "atelier status job-4k2m9qa7cx --watch")

  @Argument(help: "The job; all if left out.") var job: String?
  @Flag(help: "Follow it until it has ended.") var watch = false
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func run() async throws {
    let client = try server.client()
    guard let job else {
      let cluster: ClusterStatus = try await client.get("cluster")
      // Beside the facts, so that what reads them sees no difference.
      if let message = cluster.message { standardError("\(cluster.state): \(message)") }
      if let message = cluster.expiryHalted { standardError("expiry_halted: \(message)") }
      let jobs: [JobStatus] = try await client.get("jobs?limit=30")
      if json { return try printJSON(jobs) }
      for damage in cluster.damage { printLine("damaged: \(damage)") }
      for worker in cluster.stalled { printLine("stalled: \(worker)") }
      print(JobText.table(jobs))
      return
    }
    let status =
      watch
      ? try await JobWatch(client: client, job: JobID(job), quiet: json).untilEnd()
      : try await client.get("jobs/\(job)")
    if json {
      try printJSON(status)
    } else {
      print(JobText.details(status))
      if status.images.failed > 0 {
        let reasons: [FailureReason] = try await client.get("jobs/\(job)/failures")
        for reason in reasons {
          printLine("  failed: \(reason.images) x \(reason.reason) (such as '\(reason.example.prefix(60))')")
        }
      }
    }
    if watch, status.hasFailed { throw ExitCode(1) }
  }
}

/// The commands that change one job and print its status as it is then; `--json` prints a ``JobStatus``. When they
/// return, the change is durable. Exit status 1 if there is no such job or its state does not allow it.
protocol JobChange: AsyncParsableCommand {
  /// The command's name, and the last part of its path in the API.
  static var verb: String { get }
  var job: String { get }
  var json: Bool { get }
  var server: ServerOption { get }
}

extension JobChange {
  func run() async throws {
    let status: JobStatus = try await server.client().post("jobs/\(job)/\(Self.verb)")
    try printFacts(status, json: json) { JobText.details($0) }
  }
}

/// `atelier cancel JOB`: ends a job for good; a cancelled job cannot be retried. Fails for one that is completed.
struct CancelCommand: JobChange {
  static let verb = "cancel"
  static let configuration = CommandConfiguration(
    commandName: verb, abstract: "Cancel what is not finished of a job; finished pictures stay.",
    discussion: "atelier cancel job-4k2m9qa7cx")
  @Argument(help: "The job.") var job: String
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption
}

/// `atelier pause JOB`: frees the workers for others. What runs stops after its step, and goes on from there later.
struct PauseCommand: JobChange {
  static let verb = "pause"
  static let configuration = CommandConfiguration(
    commandName: verb, abstract: "Hand out nothing more of a job.", discussion: "atelier pause job-4k2m9qa7cx")
  @Argument(help: "The job.") var job: String
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption
}

/// `atelier resume JOB`: hands out a paused job again.
struct ResumeCommand: JobChange {
  static let verb = "resume"
  static let configuration = CommandConfiguration(
    commandName: verb, abstract: "Go on with a paused job.", discussion: "atelier resume job-4k2m9qa7cx")
  @Argument(help: "The job.") var job: String
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption
}
