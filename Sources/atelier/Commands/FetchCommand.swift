import ArgumentParser
import Shared

/// `atelier fetch JOB --out DIR`: the finished pictures of a job, with a manifest that says how each was made, and the
/// coordinator's signature of it (`manifest.sig.json`).
///
/// A job that has not ended gives what it has. `--json` prints ``JobFetch/Fetched``. Exit status 1 if a picture of the
/// job failed or could not be had; all others are fetched first.
struct FetchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Fetch a job's pictures, manifest.jsonl and a contact sheet.",
    discussion: """
      Pictures that are there already, whole, are not fetched again. Run it again while a job goes on. A folder is one
      job's: pictures of another are not written over.

      atelier fetch job-4k2m9qa7cx --out pictures
      """)

  @Argument(help: "The job.") var job: String
  @Option(help: "The folder to write to.") var out: String
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func run() async throws {
    let client = PatientClient(client: try server.client())
    let fetched = try await JobFetch(client: client, job: JobID(job), folder: out, quiet: json).run()
    if json { try printJSON(fetched) }
    if fetched.failed > 0 { throw ExitCode(1) }
  }
}
