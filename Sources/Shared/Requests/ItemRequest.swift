/// What one line of a prompt file asks for. Fields that the line leaves out are nil.
package struct ItemRequest: Hashable, Sendable, PictureFields {
  package var prompt: String
  package var operation: PictureOperation
  package var negativePrompt: String?
  package var n: Int?
  package var seed: UInt64?
  package var size: PictureSize?
  package var parameters: RenderParameters
  /// The name a client gave the line (OpenAI batches).
  package var customID: String?

  package init(
    prompt: String, operation: PictureOperation = .render(embedding: nil), negativePrompt: String? = nil,
    n: Int? = nil, seed: UInt64? = nil, size: PictureSize? = nil, parameters: RenderParameters = RenderParameters(),
    customID: String? = nil
  ) {
    self.prompt = prompt
    self.operation = operation
    self.negativePrompt = negativePrompt
    self.n = n
    self.seed = seed
    self.size = size
    self.parameters = parameters
    self.customID = customID
  }

  /// The fields that a line of any kind can have; ``PictureOperation/Key`` has those of single kinds.
  package static let fields: [Field<ItemRequest>] =
    [
      Field(
        "prompt", get: { $0.prompt.isEmpty ? nil : $0.prompt }, set: { $0.prompt = ($1 ?? "").trimmingWhitespace() },
        help: "What the picture shows, such as 'a red apple'.", check: tooLong),
      Field(
        "negative_prompt", \.negativePrompt, help: "What it must not show, such as 'leaves'.", check: tooLong),
      Field("custom_id", \.customID, help: "A name for the line, which comes back in the manifest."),
    ] + Field.ofPictures

  /// Nil for a name that no field has.
  package static func field(named name: String) -> Field<ItemRequest>? { byName[name] }

  private static let byName = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0) })

  /// The longest prompt in bytes of UTF-8. CLIP reads 77 tokens, so more is a mistake in the file. Not in characters:
  /// one of these may be a megabyte of marks.
  package static let longestPrompt = 16_000

  /// Says what is wrong with the request, if anything. Whether a model can do it is asked later, where the model is
  /// known.
  ///
  /// - Throws: `invalidInput` that names the field, its value and what it may be.
  package func validate() throws(AtelierError) {
    for field in Self.fields {
      try field.check(self)
      guard field.kinds.contains(operation.kind) || field.text(of: self) == nil else {
        throw AtelierError(.invalidInput, "Kind \(operation.kind.rawValue) takes no '\(field.name)'; leave it out.")
      }
    }
    if operation.needsPrompt, prompt.allSatisfy(\.isWhitespace) {
      throw AtelierError(.invalidInput, "The prompt is empty.")
    }
    try parameters.validate()
    try operation.validate(n: n)
  }

  /// Says what is wrong with a text that is too long, if it is.
  static func tooLong(_ text: String) -> String? {
    let size = text.utf8.count
    guard size > longestPrompt else { return nil }
    return "it has \(size) bytes; at most \(longestPrompt) are taken (the model reads 77 tokens)"
  }

  /// - Throws: `invalidInput` if a text is too long, under the name that people know it by.
  static func check(_ text: String, named name: String) throws(AtelierError) {
    guard let fault = tooLong(text) else { return }
    throw AtelierError(.invalidInput, "The \(name) is too long: \(fault).")
  }
}
