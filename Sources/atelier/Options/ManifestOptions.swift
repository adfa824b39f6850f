import ArgumentParser
import Foundation

/// Which picture of a job to make again.
struct ManifestOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Make pictures of a job again, as its manifest describes them.", valueName: "manifest.jsonl"))
  var from: String?
  @Option(help: "With --from: the item, as the manifest numbers it from 0.") var item: Int?
  @Option(help: "With --from: which picture of the item, from 0; all if left out.") var index: Int?
  @Option(
    help: ArgumentHelp(
      "With --from: where the files are that the request named; the manifest's folder if left out.", valueName: "dir"))
  var sources: String?

  func validate() throws {
    guard from != nil || (item == nil && index == nil && sources == nil) else {
      throw ValidationError("--item, --index and --sources go with --from.")
    }
    guard from == nil || item != nil else { throw ValidationError("Say with --item which item of the manifest it is.") }
  }

  /// Where the files of the request are: beside the manifest unless `--sources` says otherwise.
  func folder(of manifest: String) -> String {
    sources ?? URL(filePath: manifest).deletingLastPathComponent().path(percentEncoded: false)
  }
}
