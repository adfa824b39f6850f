/// What one line of a prompt file asks for. Fields that the line leaves out are nil.
package struct ItemRequest: Hashable, Sendable, Codable {
  package var prompt: String
  package var operation: PictureOperation
  package var negativePrompt: String?
  /// How many pictures.
  package var n: Int?
  /// The seed of the first picture; picture k uses seed + k.
  package var seed: UInt64?
  package var size: PictureSize?
  package var parameters: RenderParameters
  /// The name a client gave the line (OpenAI batches).
  package var customID: String?

  package init(
    prompt: String, operation: PictureOperation = .render(embedding: nil), negativePrompt: String? = nil, n: Int? = nil, seed: UInt64? = nil,
    size: PictureSize? = nil, parameters: RenderParameters = RenderParameters(), customID: String? = nil
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

  /// The longest prompt in characters. CLIP reads 77 tokens, so more is a mistake in the file.
  package static let longestPrompt = 4000
  /// The most pictures of one item.
  package static let pictureRange = 1...1000

  /// Says what is wrong with the request, if anything.
  package func validate() throws(AtelierError) {
    try Self.check(prompt, named: "prompt")
    if operation.needsPrompt, prompt.allSatisfy(\.isWhitespace) {
      throw AtelierError(.invalidInput, "The prompt is empty.")
    }
    if let negativePrompt { try Self.check(negativePrompt, named: "negative prompt") }
    if let n, !Self.pictureRange.contains(n) {
      throw AtelierError(
        .invalidInput,
        "'n' is \(n); it must be from \(Self.pictureRange.lowerBound) to \(Self.pictureRange.upperBound).")
    }
    try parameters.validate()
    try operation.validate(n: n)
    if case .edit = operation, size != nil {
      throw AtelierError(.invalidInput, "An edit keeps the size of its picture; leave out 'size'.")
    }
  }

  static func check(_ text: String, named name: String) throws(AtelierError) {
    // Count no further than the limit: a line may be megabytes long.
    if text.utf8.count > longestPrompt, text.count > longestPrompt {
      throw AtelierError(
        .invalidInput,
        "The \(name) has \(text.count) characters; at most \(longestPrompt) are taken (the model reads 77 tokens).")
    }
  }
}
