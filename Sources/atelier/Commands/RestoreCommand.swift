import ArgumentParser
import Foundation
import Shared
import Store

/// `atelier restore FILE`: puts a copy made by `atelier backup` in the place of the database. It works on the data
/// directory itself, so it is for the coordinator's machine, and for a coordinator that is stopped.
///
/// Exit status 1 if a coordinator runs, or if the copy is damaged, of another program or of a newer version; then the
/// database is as it was. `--json` prints `database`, `jobs` and `aside`.
struct RestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Put a backup in the place of the database, while the coordinator is stopped.",
    discussion: """
      The copy is checked page by page first. The database that was there is kept beside the new one, under a name with
      the time. Pictures stay where they are: those of later jobs remain as files, and pictures that the copy names and
      that are gone can be made again with 'atelier retry'.

      atelier restore /backups/atelier-monday.sqlite
      """)

  @Argument(help: "A file that 'atelier backup' has made.") var file: String
  @Flag(help: "Take a file that was in use although its log (FILE-wal) is lost, without what was in that.")
  var withoutLog = false
  @Option(help: "The settings, which name the data directory; default: cluster.yaml if it is there.")
  var config: String?
  @Flag(help: "Print facts as JSON.") var json = false

  /// What `--json` prints.
  struct Restored: Encodable {
    var database: String
    var jobs: Int
    var aside: String?
  }

  func run() async throws {
    let folder = try ClusterConfiguration.load(config).coordinator.data
    let result = try DatabaseRestore(file, dataFolder: folder).run(allowsMissingLog: withoutLog, now: Date())
    if json {
      return try printJSON(Restored(database: result.database, jobs: result.jobs, aside: result.aside))
    }
    printLine("\(result.database): \(result.jobs) \(result.jobs == 1 ? "job" : "jobs")")
    if let aside = result.aside { printLine("the database before: \(aside)") }
  }
}
