import ArgumentParser
import Foundation
import Shared

/// `atelier expiry`: which pictures go by their age (`keep_pictures_days`), and what keeps them. Pictures stop going
/// when the wall clock has jumped, until a person has looked and says `--confirm`.
///
/// `--json` prints an ``ExpiryStatus``.
struct ExpiryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "expiry", abstract: "Show which pictures go by their age, and let them go after the clock jumped.",
    discussion: """
      When the coordinator's wall clock was set, or the coordinator was away for long, no pictures are removed until
      somebody says that the clock is right. Look first which jobs' pictures would go: those of jobs that ended while
      the clock was wrong may be among them.

      atelier expiry
      atelier expiry --confirm
      """)

  @Flag(help: "The clock is right: remove what is old by it, now and from now on.") var confirm = false
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func run() async throws {
    let client = try server.client()
    let status: ExpiryStatus = try await confirm ? client.post("expiry/confirm") : client.get("expiry")
    if json { return try printJSON(status) }
    for line in ExpiryText.lines(status, confirmed: confirm) { printLine(line) }
  }
}
