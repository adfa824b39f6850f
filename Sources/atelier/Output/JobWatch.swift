import Foundation
import Shared

/// Follows a job to its end: a bar on a terminal, a line whenever something changed otherwise.
struct JobWatch {
  let client: CoordinatorClient
  let job: JobID
  /// Nothing is printed, for `--json`.
  let quiet: Bool

  /// How long the coordinator may be away (a restart) before following is given up.
  private static let patience = Duration.seconds(60)

  /// Asks several times a second for a terminal, once a second otherwise, until the job has ended in any way.
  ///
  /// - Returns: how it ended.
  /// - Throws: `notFound` for a job that there is not, `unavailable` if the coordinator stays away.
  func untilEnd() async throws -> JobStatus {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    var lastLine = ""
    var lastAnswer = ContinuousClock.now
    while true {
      do {
        let status: JobStatus = try await client.get("jobs/\(job)")
        lastAnswer = .now
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
      } catch let error as AtelierError
        where error.code == .unavailable && ContinuousClock.now < lastAnswer + Self.patience
      {
        if !quiet, isTerminal {
          print("\u{1B}[2K\rthe coordinator does not answer; waiting for it", terminator: "")
          fflush(nil)
        }
      }
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
