import ArgumentParser
import Shared

/// `atelier keys`: what this cluster proves itself with.
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "The key that manifests are signed with.", discussion: "atelier keys show",
    subcommands: [ShowKeysCommand.self, WebhookKeyCommand.self],
    defaultSubcommand: ShowKeysCommand.self)
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

/// `atelier keys webhook`: what the coordinator signs webhooks with that have no secret of their own. It runs where the
/// coordinator's data are; the secret is made if there is none yet.
struct WebhookKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "webhook", abstract: "Print the secret that webhooks are signed with.",
    discussion: """
      Receivers check events with it ('whsec_...', Standard Webhooks); OpenAI's client takes it as OPENAI_WEBHOOK_SECRET.

      atelier keys webhook
      """)

  @Option(help: "The settings; default: cluster.yaml if it is there.") var config: String?

  func run() async throws {
    print(try WebhookSecret.kept(in: try ClusterConfiguration.load(config).coordinator.data).text)
  }
}
