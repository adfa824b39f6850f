import Foundation
import Shared

/// Follows a job to its end: a bar on a terminal, a line whenever something changed otherwise. A coordinator that is
/// started again is waited for.
struct JobWatch {
  let client: any CoordinatorQuestions
  let job: JobID
  /// Nothing is printed, for `--json`.
  let quiet: Bool

  /// Asks several times a second for a terminal, once a second otherwise, until the job has ended in any way.
  ///
  /// - Returns: how it ended.
  /// - Throws: `notFound` for a job that there is not, `unavailable` if the coordinator stays away.
  func untilEnd() async throws -> JobStatus {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    let hasBar = isTerminal && !quiet
    let client = PatientClient(client: client) {
      guard hasBar else { return PatientClient.sayAway() }
      print("\u{1B}[2K\rthe coordinator does not answer; waiting for it", terminator: "")
      fflush(nil)
    }
    var lastLine = ""
    while true {
      let status: JobStatus = try await client.get("jobs/\(job)")
      if !quiet {
        let line = JobText.line(status)
        if isTerminal {
          print("\u{1B}[2K\r" + bar(status.images) + " " + line, terminator: status.state.isFinal ? "\n" : "")
          fflush(nil)
        } else if line != lastLine {
          print(line)
          fflush(nil)
        }
        lastLine = line
      }
      if status.state.isFinal { return status }
      try await Task.sleep(for: .milliseconds(isTerminal ? 250 : 1000))
    }
  }

  /// Of all images that have ended, failed ones included.
  private func bar(_ images: ImageCounts) -> String {
    let width = 24
    let done = images.total == 0 ? 0 : width * (images.total - images.pending) / images.total
    return "[" + String(repeating: "#", count: done) + String(repeating: ".", count: width - done) + "]"
  }
}
