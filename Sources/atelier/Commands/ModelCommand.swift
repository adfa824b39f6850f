import ArgumentParser
import Shared
import UnCLIP

/// `atelier model`: the commands that look into model folders without rendering.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Look into model folders.", subcommands: [Check.self])

  /// `atelier model check DIR`: whether a folder is a model that can be rendered with, before hours are spent on it.
  /// All faults are listed, not only the first.
  ///
  /// `--json` prints a ``ModelReport``, faults included. Exit status 1 if there is one.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "List a model's parts, types, sizes, memory and digest, or all that is wrong with it.",
      discussion: """
        atelier model check models/starter

        The exit status is 1 if the model cannot be rendered with. Tensors that nothing calls for are only warned of.
        Memory is for one guided picture at a time.
        """)

    @Argument(help: ArgumentHelp("The model's folder.", valueName: "dir")) var folder: String
    @Flag(help: "Print facts as JSON.") var json = false

    func run() throws {
      let report = try ModelReport(checking: folder)
      if json {
        try printJSON(report)
      } else {
        print(ModelText.report(report))
        for warning in report.warnings { standardError("atelier: \(warning)") }
        for problem in report.problems { standardError("atelier: \(problem)") }
      }
      if !report.problems.isEmpty { throw ExitCode(1) }
    }
  }
}
