import ArgumentParser
import Foundation
import Shared
import UnCLIP

/// `atelier tokenize FILE`: what a model's tokenizer makes of texts, a JSON array of ids a line. To see where a prompt
/// is cut off, and to compare with other implementations.
///
/// Exit status 1 if a line is not UTF-8; those before it are printed.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize", abstract: "Print the token ids of each line of a file, as JSON arrays.",
    discussion: "atelier tokenize --model models/starter examples/prompts.txt")

  @Option(help: ArgumentHelp("The model's folder.", valueName: "dir")) var model: String
  @Argument(help: "The file; - for standard input.") var file: String

  func run() throws {
    let tokenizer = try Tokenizer(model: ModelFolder(path: model))
    // It may be a pipe, and says nothing of its size.
    let bytes = file == "-" ? try LocalFile.read(.standardInput, size: 0, "-") : try LocalFile.read(file)
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // The last line end ends a line and begins none.
    if lines.last?.isEmpty == true { lines.removeLast() }
    for (number, line) in lines.enumerated() {
      guard let text = String(validating: line, as: UTF8.self) else {
        throw AtelierError(.invalidInput, "Line \(number + 1) of '\(file)' is not valid UTF-8.")
      }
      print("[" + tokenizer.encode(text).ids.map(String.init).joined(separator: ", ") + "]")
    }
  }
}
