import ArgumentParser
import Shared
import Testing

@testable import atelier

/// The commands that there are, found by going down from the root.
enum CommandTree {
  struct Command: Sendable, CustomTestStringConvertible {
    /// As it is typed, without `atelier`.
    let path: String
    let abstract: String
    let discussion: String
    let hasSubcommands: Bool
    /// The help text, without line breaks that a terminal would need.
    let help: String

    var testDescription: String { path }

    /// The lines of the discussion that can be typed as they stand.
    var examples: [String] { CommandTree.examples(in: discussion) }
  }

  static let all = commands(below: Atelier.self, path: [])

  /// The text that `atelier PATH --help` prints, if there is such a command.
  static func help(of path: String) throws -> String {
    try #require(all.first { $0.path == path }, "there is no command '\(path)'").help
  }

  private static func commands(below type: any ParsableCommand.Type, path: [String]) -> [Command] {
    type.configuration.subcommands.flatMap { subcommand in
      let configuration = subcommand.configuration
      let path = path + [configuration.commandName ?? "\(subcommand)"]
      let command = Command(
        path: path.joined(separator: " "), abstract: configuration.abstract, discussion: configuration.discussion,
        hasSubcommands: !configuration.subcommands.isEmpty,
        help: Atelier.helpMessage(for: subcommand, includeHidden: false, columns: 1000))
      return [command] + commands(below: subcommand, path: path)
    }
  }

  /// Lines that begin with the program's name, with the lines that they go on in, and without the remark that stands
  /// behind two spaces or more.
  static func examples(in discussion: String) -> [String] {
    var examples: [String] = []
    var isContinued = false
    for line in discussion.split(separator: "\n") {
      var text = String(line).trimmingWhitespace()
      guard isContinued || text.hasPrefix("atelier ") else { continue }
      let goesOn = text.hasSuffix("\\")
      if goesOn { text = String(text.dropLast()).trimmingWhitespace() }
      if let remark = text.firstRange(of: "  ") { text = String(text[..<remark.lowerBound]) }
      if isContinued, let first = examples.popLast() { text = first + " " + text }
      examples.append(text)
      isContinued = goesOn
    }
    return examples
  }

  /// The words of a line as a shell passes them on.
  static func words(of line: String) -> [String] {
    var words: [String] = []
    var word: String?
    var isQuoted = false
    for character in line {
      if character == "\"" {
        isQuoted.toggle()
        word = word ?? ""
      } else if character == " ", !isQuoted {
        if let word { words.append(word) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if let word { words.append(word) }
    return words
  }
}

/// Parses a line of the command line into the command that it must be.
func parsed<Command: ParsableCommand>(_ arguments: [String], as type: Command.Type = Command.self) throws -> Command {
  let command = try Atelier.parseAsRoot(arguments)
  return try #require(command as? Command, "it is a \(command)")
}
