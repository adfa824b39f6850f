import ArgumentParser
import Foundation
import Imaging
import Shared

/// Where pictures go, for all commands that make some on this machine.
struct OutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The PNG file to write, such as apple.png; several pictures become apple-0.png, apple-1.png and so on.",
      valueName: "file.png")) var out: String
  @Flag(help: "Print how long each part took.") var timings = false
  @Flag(help: "Print where the time went: seconds, calls and arithmetic by kind of operation.") var profile = false
  @Flag(help: "Print facts as JSON.") var json = false

  func validate() throws {
    guard out.lowercased().hasSuffix(".png") else {
      throw ValidationError("--out must name a PNG file, such as apple.png; '\(out)' does not end in .png.")
    }
  }

  /// Refuses a place that cannot be written before the work, not after it.
  func checkFolder() throws(AtelierError) { try LocalFile.checkFolder(of: out) }

  /// The file of a picture; of several, each has its number in its name.
  func file(_ index: Int, of count: Int) -> String { LocalFile.numbered(out, index, of: count) }
}
