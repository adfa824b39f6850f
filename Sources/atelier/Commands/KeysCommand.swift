import ArgumentParser
import Shared

/// `atelier keys`: what this cluster proves itself with.
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "The key that manifests are signed with.", discussion: "atelier keys show",
    subcommands: [ShowKeysCommand.self], defaultSubcommand: ShowKeysCommand.self)
}

/// `atelier keys show`: the public key that manifests are signed with, to be given to those who check pictures;
/// `--json` prints a ``ManifestKey``.
struct ShowKeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print the public key that manifests are signed with.",
    discussion: """
      'atelier verify DIR --key KEY' takes it as it is printed here. With --pem it is as openssl reads it.

      atelier keys show
      atelier keys show --pem
      """)

  @Flag(help: "Print it in the PEM format.") var pem = false
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func run() async throws {
    let key: ManifestKey = try await server.client().get("keys/manifest")
    if json { return try printJSON(key) }
    if pem { print(key.pem, terminator: "") } else { print(key.publicKey) }
  }
}
