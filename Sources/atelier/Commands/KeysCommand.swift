import ArgumentParser
import Foundation
import Shared

/// `atelier keys`: what this cluster proves itself with.
struct KeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys", abstract: "Show the key that manifests are signed with, and replace keys of the coordinator.",
    discussion: """
      atelier keys show
      atelier keys rotate workers --overlap 24h
      """,
    subcommands: [ShowKeysCommand.self, RotateKeysCommand.self, WebhookKeyCommand.self], defaultSubcommand: ShowKeysCommand.self)
}

/// `atelier keys show`: the public key that manifests are signed with, to be given to those who check pictures;
/// `--json` prints a ``ManifestKey``.
struct ShowKeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print the public key that manifests are signed with.",
    discussion: """
      'atelier verify DIR --key KEY' takes it as it is printed here; a file with several too. With --pem it is as openssl
      reads it.

      atelier keys show
      atelier keys show --retired
      """)

  @Flag(help: "Print it in the PEM format.") var pem = false
  @Flag(help: "Print those too that manifests were signed with before, the newest first.") var retired = false
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func run() async throws {
    let key: ManifestKey = try await server.client().get("keys/manifest")
    if json { return try printJSON(key) }
    for text in [key.publicKey] + (retired ? key.retired.map(\.publicKey) : []) {
      if pem { print(try VerifyingKey(text: text).pem, terminator: "") } else { print(text) }
    }
  }
}

/// `atelier keys rotate`: another key takes the place of one of the coordinator's. `--json` prints a ``ManifestKey``, a
/// ``ServerKeyStatus`` or a ``CertificateStatus``.
struct RotateKeysCommand: AsyncParsableCommand {
  /// Which key.
  enum Kind: String, CaseIterable, ExpressibleByArgument {
    case manifest, workers, http
  }

  static let configuration = CommandConfiguration(
    commandName: "rotate", abstract: "Let another key take the place of one of the coordinator's.",
    discussion: """
      manifest: new manifests are signed with a new key at once; older ones verify with the old one, which
      'atelier keys show --retired' prints too.
      workers: the key by which workers know the coordinator. The old one is used on for the time of --overlap, in which
      those that are connected at some moment learn the new one; others join again.
      http: the certificate that the coordinator has made itself. The new one counts from its next start on; give clients
      both fingerprints before.

      A worker's own key is replaced where it runs: 'atelier worker --new-key'.

      atelier keys rotate workers --overlap 24h
      """)

  @Argument(help: "manifest, workers or http.") var kind: Kind
  @Option(help: "workers: how long the old key is used on, such as 90s, 12h or 7d; default: 1d.")
  var overlap: TimeToLive?
  @Flag(help: "Print facts as JSON.") var json = false
  @OptionGroup var server: ServerOption

  func validate() throws {
    guard kind == .workers || overlap == nil else { throw ValidationError("--overlap goes with workers.") }
  }

  func run() async throws {
    let client = try server.client()
    switch kind {
    case .manifest:
      let key: ManifestKey = try await client.post("keys/manifest/rotate")
      if json { return try printJSON(key) }
      standardError("New manifests are signed with this key; keep giving the old one to those who have older ones.")
      print(key.publicKey)
    case .workers:
      let status: ServerKeyStatus = try await client.post(
        "keys/workers/rotate?overlap=\(overlap?.seconds ?? 86_400)")
      if json { return try printJSON(status) }
      let time = status.nextFrom?.formatted(.iso8601) ?? "now"
      print("\(status.nextFingerprint ?? status.fingerprint) takes the place of \(status.fingerprint) at \(time).")
      standardError("Workers that are connected until then learn it; those that are not join again with a token.")
    case .http:
      let status: CertificateStatus = try await client.post("keys/http/rotate")
      if json { return try printJSON(status) }
      standardError("From the coordinator's next start on it has the second of these. Until then pin both:")
      print("sha256:\(status.fingerprint),\(status.nextFingerprint)")
    }
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
