import ArgumentParser
import Foundation
import Shared
import UnCLIP

/// The command line: parsing and composition, nothing else. A person begins here, on one machine or with a cluster.
///
/// Three kinds of command: those that run a part of the cluster and stay, those that ask a coordinator over HTTP, and
/// those that compute on this machine without one. What is asked for goes to standard output, all else to standard
/// error. With `--json` standard output is one JSON value with keys in snake case, for programs.
@main
struct Atelier: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "atelier",
    abstract: "Renders text into pictures with unCLIP models, on one machine or a cluster of them.",
    discussion: """
      atelier render --model models/starter --prompt "a red apple on a blue background" --out apple.png
      atelier up                                    a whole cluster on this machine
      atelier submit prompts.txt --wait --out out   all pictures of a prompt file
      """,
    version: AtelierVersion.current,
    groupedSubcommands: [
      CommandGroup(
        name: "CLUSTER",
        subcommands: [UpCommand.self, CoordinatorCommand.self, WorkerCommand.self, WorkerTokenCommand.self]),
      CommandGroup(
        name: "JOBS",
        subcommands: [
          SubmitCommand.self, StatusCommand.self, JobsCommand.self, FetchCommand.self, VerifyCommand.self,
          CancelCommand.self,
          PauseCommand.self, ResumeCommand.self, RetryCommand.self, WorkersCommand.self, DrainCommand.self,
          ExplainCommand.self, ExpiryCommand.self, BackupCommand.self, RestoreCommand.self, TokenCommand.self,
          KeysCommand.self,
        ]),
      CommandGroup(
        name: "ON THIS MACHINE",
        subcommands: [
          RenderCommand.self, VaryCommand.self, InterpolateCommand.self, DiffCommand.self, EditCommand.self,
          ScoreCommand.self, TokenizeCommand.self, ModelCommand.self, BenchCommand.self,
        ]),
    ])

  /// Exit status: 0 done, 1 failed, 2 usage. The argument parser's own status for usage errors is 64, hence the detour.
  /// Why it failed is on standard error, behind `atelier:`; usage errors come with the usage.
  static func main() async {
    StandardStreams.open()
    // Whoever computes with weights asks whether they were changed, before it counts.
    MappedFile.outlivesTruncation()
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      let code = exitCode(for: error)
      if code == .validationFailure {
        // The message and the usage, on lines of their own.
        for line in fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false) {
          standardError(String(line))
        }
        Foundation.exit(2)
      }
      if error is CleanExit || code == .success || error is ExitCode { exit(withError: error) }
      standardError("atelier: \(error)")
      Foundation.exit(1)
    }
  }
}
