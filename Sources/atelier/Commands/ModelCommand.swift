import ArgumentParser
import Shared
import UnCLIP

struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Look into model folders.", subcommands: [Check.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check", abstract: "List a model's parts, types, size and digest, or what is wrong with it.",
      discussion: "atelier model check models/starter")

    @Argument(help: ArgumentHelp("The model's folder.", valueName: "dir")) var folder: String
    @Flag(help: "Print facts as JSON.") var json = false

    func run() throws {
      let report = try ModelReport(checking: folder)
      if json {
        try printJSON(report)
      } else {
        print(Self.text(report))
        for problem in report.problems { standardError("atelier: \(problem)") }
      }
      if !report.problems.isEmpty { throw ExitCode(1) }
    }

    private static func text(_ report: ModelReport) -> String {
      let rows = report.parts.map { part in
        [
          part.name, part.type, part.parameters == 0 ? "" : "\(part.parameters)", part.types.joined(separator: ","),
          megabytes(part.bytes),
        ]
      }
      var lines = [TextTable.lines([["PART", "CLASS", "PARAMETERS", "TYPE", "SIZE"]] + rows), ""]
      lines.append("parameters: \(report.parameters), \(megabytes(report.bytes))")
      if !report.resolutions.isEmpty {
        lines.append("resolution: " + report.resolutions.map { "\($0)x\($0)" }.joined(separator: " -> "))
      }
      let defaults = report.defaults
      lines.append(
        "defaults:   prior \(defaults.priorSteps) steps, guidance \(defaults.priorGuidance); decoder \(defaults.decoderSteps) steps, "
          + "guidance \(defaults.decoderGuidance); upsampler \(defaults.superResSteps) steps")
      if let digest = report.digest { lines.append("digest:     \(digest)") }
      return lines.joined(separator: "\n")
    }

    private static func megabytes(_ bytes: Int) -> String {
      bytes == 0 ? "" : "\(Double(bytes / 10_000) / 100) MB"
    }
  }
}
