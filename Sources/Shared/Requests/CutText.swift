/// A text of a request that is longer than its model reads, and what the model does not see of it.
package struct CutText: Hashable, Sendable, Codable {
  /// As a line of a prompt file names it: `prompt`, `negative_prompt`, `from`, `to` or `texts`.
  package var field: String
  /// The end of the text, from the first word on that is not read whole.
  package var lost: String

  /// Tells what a model does not see of a text; nil if it reads all of it.
  package typealias Measure = @Sendable (String) -> String?

  package init(field: String, lost: String) {
    self.field = field
    self.lost = lost
  }

  /// Those of several texts, with the names of their fields, of which a model does not see all.
  package static func all(_ texts: [(field: String, text: String)], _ measure: Measure) -> [CutText] {
    texts.compactMap { field, text in measure(text).map { CutText(field: field, lost: $0) } }
  }

  /// What a person is told.
  package var sentence: String {
    "'\(field)' is longer than the model reads; it does not see the end: '\(lost)'."
  }
}

extension ItemRequest {
  /// Its texts that are longer than a model reads; nil if there are none.
  package func cutTexts(_ measure: CutText.Measure) -> [CutText]? {
    var texts = [(field: "prompt", text: prompt), ("negative_prompt", negativePrompt ?? "")]
    switch operation {
    case .interpolate(let from, let to):
      for (field, end) in [("from", from), ("to", to)] {
        if case .prompt(let text) = end { texts.append((field, text)) }
      }
    case .diff(_, let from, let to, _, _): texts += [("from", from), ("to", to)]
    case .score(_, let scored): texts += scored.map { ("texts", $0) }
    case .render, .vary, .edit: break
    }
    let cut = CutText.all(texts, measure)
    return cut.isEmpty ? nil : cut
  }
}
