import Shared
import UnCLIP

/// Warns on standard error of texts that are longer than a model reads; the picture is made all the same.
enum CutWarning {
  /// Lines that are named.
  private static let named = 20

  /// Warns of a request that is done on this machine.
  ///
  /// - Throws: an `UnCLIPError` if the model's tokenizer cannot be read.
  static func tell(_ model: ModelFolder, _ request: ItemRequest) throws {
    let tokenizer = try Tokenizer(model: model)
    for text in request.cutTexts({ tokenizer.cutOff($0) }) ?? [] { standardError("atelier: \(text.sentence)") }
  }

  /// Warns of lines of a submission.
  static func tell(_ lines: [CutLine]) {
    for line in lines.prefix(named) {
      for text in line.texts { standardError("line \(line.line): \(text.sentence)") }
    }
    if lines.count > named { standardError("and \(lines.count - named) more lines") }
  }
}
