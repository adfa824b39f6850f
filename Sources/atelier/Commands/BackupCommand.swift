import ArgumentParser
import Foundation
import Shared

/// `atelier backup FILE`: a copy of the database to go back to, taken while the cluster works. Turns of the coordinator
/// wait while it is made, not while it is sent.
///
/// Exit status 1 if there is such a file already or the copy does not arrive whole; then there is no file. `--json`
/// prints `file` and `bytes`.
struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copy the coordinator's database while it runs.",
    discussion: """
      The copy is the database as of one moment. To go back to it, stop the coordinator and run 'atelier restore'.
      Pictures are files of their own that never change: copy the folder 'pictures' with any tool.

      atelier backup /backups/atelier-monday.sqlite
      """)

  @Argument(help: "The new file.") var file: String
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  /// What `--json` prints.
  private struct Copied: Encodable {
    var file: String
    var bytes: Int
  }

  func run() async throws {
    let size = try await server.client().download("backup", to: file)
    if json { return try printJSON(Copied(file: file, bytes: size)) }
    printLine("\(file): \(size) bytes")
  }
}
