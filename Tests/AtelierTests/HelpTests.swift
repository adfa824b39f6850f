import ArgumentParser
import Shared
import Testing

@testable import atelier

/// What `--help` says.
@Suite struct HelpTests {
  @Test func `all commands are found`() {
    let paths = Set(CommandTree.all.map(\.path))
    #expect(paths.count == CommandTree.all.count)
    #expect(paths.isSuperset(of: ["up", "submit", "status", "render", "model", "model check"]))
  }

  @Test(arguments: CommandTree.all)
  func `every command says in one sentence what it does`(command: CommandTree.Command) {
    #expect(command.abstract.hasSuffix("."))
    #expect(command.abstract.first?.isUppercase == true)
    #expect(command.help.contains(command.abstract))
    #expect(command.help.contains("USAGE: atelier \(command.path)"))
  }

  @Test(arguments: CommandTree.all.filter { !$0.hasSubcommands })
  func `every command has an example of itself, and its help shows it`(command: CommandTree.Command) {
    let own = command.examples.filter { "\($0) ".hasPrefix("atelier \(command.path) ") }
    #expect(!own.isEmpty)
    for example in own where !command.discussion.contains("\\") { #expect(command.help.contains(example)) }
  }

  @Test(arguments: CommandTree.examples(in: Atelier.configuration.discussion) + CommandTree.all.flatMap(\.examples))
  func `every example can be typed as it stands`(example: String) {
    do {
      _ = try Atelier.parseAsRoot(Array(CommandTree.words(of: example).dropFirst()))
    } catch {
      Issue.record("\(Atelier.message(for: error))")
    }
  }

  @Test func `the root's help lists every command with what it does`() {
    let help = Atelier.helpMessage(includeHidden: false, columns: 1000)
    for command in CommandTree.all where !command.path.contains(" ") {
      #expect(help.contains("  \(command.path) "), "\(command.path)")
      #expect(help.contains(command.abstract), "\(command.path)")
    }
  }

  @Test(arguments: CommandTree.all.filter { !$0.hasSubcommands }.map(\.path))
  func `every option and argument has a help text`(path: String) throws {
    // Each begins a line of its own; the text follows on it, or on the next line, further in.
    let lines = try CommandTree.help(of: path).split(separator: "\n").drop { $0 != "ARGUMENTS:" && $0 != "OPTIONS:" }
    #expect(!lines.isEmpty)
    for (line, next) in zip(lines, lines.dropFirst() + [""]) where line.hasPrefix("  ") && !line.hasPrefix("   ") {
      let hasText = line.dropFirst(2).contains("  ") || line.contains("> ") || next.hasPrefix("   ")
      #expect(hasText, "\(line)")
    }
  }

  @Test(arguments: [["--help"], ["submit", "--help"], ["model", "check", "--help"], ["-h"]])
  func `asking for help is no mistake`(arguments: [String]) {
    let error = #expect(throws: (any Error).self) {
      var command = try Atelier.parseAsRoot(arguments)
      try command.run()
    }
    if let error {
      #expect(Atelier.exitCode(for: error) == .success)
      #expect(Atelier.message(for: error).contains("USAGE: atelier"))
    }
  }

  @Test func `the version is that which workers announce`() {
    let error = #expect(throws: (any Error).self) { _ = try Atelier.parseAsRoot(["--version"]) }
    if let error {
      #expect(Atelier.exitCode(for: error) == .success)
      #expect(Atelier.message(for: error) == AtelierVersion.current)
    }
  }
}
