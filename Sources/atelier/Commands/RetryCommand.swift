import ArgumentParser
import Foundation
import Shared

/// `atelier retry JOB`: renders the failed pictures once more, after the cause is gone. The same seeds give the same
/// pictures. Fails for a job that was cancelled. `--json` prints a ``JobStatus``.
///
/// `atelier retry --worker W`: makes the pictures again that a worker had a part in, finished ones too, since a result
/// of it was last compared and found right. `--json` prints ``RetriedPictures``.
struct RetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Try the failed pictures of a job again, or a worker's pictures.",
    discussion: """
      With --worker the pictures are made again that this worker had a part in since it was last known to be right:
      'atelier explain WORKER' lists them. Fetch their jobs again afterwards.

      atelier retry job-4k2m9qa7cx
      atelier retry --worker decoder-host7-4211-1x9k2z
      """)

  @Argument(help: "The job.") var job: String?
  @Option(help: "The worker, as 'atelier workers' or 'atelier explain' names it.") var worker: String?
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func validate() throws {
    guard (job == nil) != (worker == nil) else {
      throw ValidationError("Name either a job, or a worker with --worker.")
    }
  }

  func run() async throws {
    let client = try server.client()
    if let job {
      let status: JobStatus = try await client.post("jobs/\(job)/retry")
      try printFacts(status, json: json) { JobText.details($0) }
    } else if let worker {
      var retried = RetriedPictures(worker: WorkerID(worker), images: 0, more: true)
      while retried.more {
        let some: RetriedPictures = try await client.post("workers/\(worker.asURLWord)/retry")
        retried.images += some.images
        retried.more = some.more
      }
      if json { try printJSON(retried) } else { printLine("\(retried.images) pictures are made again") }
    }
  }
}
