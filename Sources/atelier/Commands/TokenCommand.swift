import ArgumentParser
import Foundation
import Shared

/// `atelier token`: who may ask the coordinator for what, where it asks for tokens (`security.http` in cluster.yaml).
struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Make, list and revoke tokens, and log a browser in.",
    subcommands: [Create.self, List.self, Revoke.self, Login.self])

  /// `atelier token create`: prints the token, once. `--json` prints a ``CreatedToken``.
  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "create", abstract: "Make a token, which is shown once.",
      discussion: """
        Scopes: read (own jobs), read:all (everybody's), submit (new jobs, and what becomes of one's own), operate (what
        becomes of all jobs and workers), admin (tokens, backups). Jobs belong to the token's name, so that a second
        token of the same name can take the place of the first.

        atelier token create --name alice --scope read,submit --expires 30d
        """)

    @Option(help: "Whose it is.") var name: String
    @Option(help: "What it allows, with commas between.") var scope: String
    @Option(help: "After what time it is of no use, such as 12h or 30d; default: never.") var expires: Lifetime?
    @Flag(help: "Print facts as JSON.") var json = false
    @OptionGroup var server: ServerOption

    func run() async throws {
      let request = TokenRequest(name: name, scopes: try AccessScope.list(scope), lifetimeSeconds: expires?.seconds)
      try request.validate()
      let client = try server.client()
      let created: CreatedToken = try await client.post("tokens", request)
      if json { return try printJSON(created) }
      let lines = TokenText.created(created, server: client.base)
      printLine(lines[0])
      for line in lines.dropFirst() { standardError(line) }
    }
  }

  /// `atelier token list`: all but the secrets, which nobody has. `--json` prints a list of ``TokenInfo``.
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List the tokens that were made.", discussion: "atelier token list")

    @Flag(help: "Print facts as JSON.") var json = false
    @OptionGroup var server: ServerOption

    func run() async throws {
      let tokens: [TokenInfo] = try await server.client().get("tokens")
      try printFacts(tokens, json: json) { TokenText.table($0, at: Date()) }
    }
  }

  /// `atelier token revoke TOKEN`: from now on it is of no use, and no browser that has logged in with it is let in.
  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "revoke", abstract: "Let a token be of no use from now on.",
      discussion: "atelier token revoke 4f09a1c2d3")

    @Argument(help: "The token, as 'atelier token list' names it.") var token: String
    @Flag(help: "Print facts as JSON.") var json = false
    @OptionGroup var server: ServerOption

    func run() async throws {
      let tokens: [TokenInfo] = try await server.client().post(
        "tokens/\(token.asURLWord)/revoke")
      try printFacts(tokens, json: json) { TokenText.table($0, at: Date()) }
    }
  }

  /// `atelier token login`: prints a link that lets one browser in, once, as who runs this. `--json` prints a
  /// ``LoginLink``.
  struct Login: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "login", abstract: "Print a link that logs a browser in, once, within ten minutes.",
      discussion: "atelier token login")

    @Flag(help: "Print facts as JSON.") var json = false
    @OptionGroup var server: ServerOption

    func run() async throws {
      let client = try server.client()
      let link: LoginLink = try await client.post("login-links")
      if json { return try printJSON(link) }
      printLine(TokenText.link(link.path, server: link.server ?? client.base))
    }
  }
}
