import ArgumentParser
import Foundation
import Shared

/// `atelier explain SUBJECT`: the question of who waits and wonders why. A sentence, then the facts that it rests on.
///
/// `--json` prints an ``Explanation``. Exit status 1 if there is no such job, task or worker.
struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Say why a job, a task or a worker is not running, or what it does.",
    discussion: """
      atelier explain job-4k2m9qa7cx
      atelier explain 118                       a task, as 'atelier explain JOB' numbers it
      atelier explain decoder-host7-4211-1x9k2z
      """)

  @Argument(help: "A job, the number of a task, or a worker.") var subject: String
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func run() async throws {
    let answer: Explanation = try await server.client().get("explain/\(subject.asURLWord)")
    if json { return try printJSON(answer) }
    printLine("\(answer.subject): \(answer.sentence)")
    for fact in answer.facts { printLine("  \(fact)") }
  }
}
