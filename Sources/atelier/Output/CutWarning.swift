import Shared
import UnCLIP

/// Warns on standard error of texts that are longer than a model reads; the picture is made all the same.
enum CutWarning {
  /// Lines that are named.
  private static let named = 20

  /// Warns of a request that is rendered on this machine.
  ///
  /// - Parameter texts: under the names of their fields; nil for what was not given.
  /// - Throws: an `UnCLIPError` if the model's tokenizer cannot be read.
  static func tell(_ model: ModelFolder, _ texts: [(field: String, text: String?)]) throws {
    let given = texts.compactMap { field, text in text.map { (field: field, text: $0) } }
    guard !given.isEmpty else { return }
    let tokenizer = try Tokenizer(model: model)
    for text in CutText.all(given, { tokenizer.cutOff($0) }) { standardError("atelier: \(text.sentence)") }
  }

  /// Warns of lines of a submission.
  static func tell(_ lines: [CutLine]) {
    for line in lines.prefix(named) {
      for text in line.texts { standardError("line \(line.line): \(text.sentence)") }
    }
    if lines.count > named { standardError("and \(lines.count - named) more lines") }
  }
}
