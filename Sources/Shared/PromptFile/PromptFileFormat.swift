/// How a prompt file is written.
package enum PromptFileFormat: String, Sendable, CaseIterable {
  /// A prompt a line; empty lines and lines that begin with `#` say nothing.
  case text = "txt"
  /// A header row, then a row an item (RFC 4180), separated by commas, semicolons or tabs.
  case csv
  /// A JSON object a line: `prompt` and any request field, or OpenAI batch lines.
  case jsonl

  /// - Throws: `invalidInput` if the name ends in none of the known ways.
  package init(fileName: String) throws(AtelierError) {
    let ending = fileName.split(separator: ".").last.map { $0.lowercased() } ?? ""
    guard fileName.contains("."), let format = PromptFileFormat(rawValue: ending) else {
      throw AtelierError(
        .invalidInput,
        "Cannot tell how '\(fileName)' is written: a prompt file's name ends in .txt, .csv or .jsonl.")
    }
    self = format
  }
}
