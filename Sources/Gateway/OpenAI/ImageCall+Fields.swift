import Shared

extension ImageCall {
  /// What every endpoint takes.
  private static let common: Set<String> = ["model", "n", "size", "response_format", "user"]
  /// What calls with a prompt take beside it.
  private static let prompted: Set<String> = ["prompt", "quality", "safety_identifier", "stream", "partial_images"]
  /// What other models take.
  private static let foreign: Set<String> = [
    "background", "complexity", "frame_count", "frame_duration_ms", "input_fidelity", "markup", "moderation",
    "output_compression", "output_format", "style", "svg",
  ]

  /// Reads a call: of `generations` the body of a request, or of a line of a batch.
  ///
  /// - Parameters:
  ///   - image: the digest of the file that a form came with, likewise `mask`.
  /// - Throws: ``OpenAIError`` (400) that names the field.
  init(
    _ endpoint: Endpoint, _ fields: CallFields, image: String? = nil, mask: String? = nil
  ) throws(OpenAIError) {
    self.init(endpoint: endpoint, image: image, mask: mask)
    let hasPrompt = endpoint != .variations
    var known = hasPrompt ? Self.common.union(Self.prompted) : Self.common
    // Read as files; as text they are no pictures.
    if endpoint != .generations { known.formUnion(["image", "image[]"]) }
    if endpoint == .edits { known.insert("mask") }
    let others = hasPrompt ? Self.foreign : Self.foreign.union(["quality", "style"])
    try fields.check(known: known, foreign: others)
    if hasPrompt { prompt = try Self.prompt(fields) }
    model = try fields.text("model")
    n = try fields.integer("n", in: 1...Self.mostPictures) ?? 1
    size = try Self.size(fields, of: endpoint)
    let format = try fields.word("response_format", of: Format.allCases.map(\.rawValue))
    self.format = format.flatMap(Format.init) ?? .url
    _ = try fields.text("user", isNullable: false)
    guard hasPrompt else { return }
    _ = try fields.text("safety_identifier")
    _ = try fields.word("quality", of: ["standard", "auto"])
    isStreamed = try fields.bool("stream") ?? false
    partialImages = try fields.integer("partial_images", in: 0...Self.mostPartialImages) ?? 0
    if isStreamed { try checkStream(asksFor: format) }
  }

  /// Events have one picture each, and do not say which; and they have it in Base64.
  private mutating func checkStream(asksFor format: String?) throws(OpenAIError) {
    guard n == 1 else {
      throw .invalid(
        "Invalid 'n': \(n) pictures cannot be streamed; 'stream' goes with one.", param: "n", code: "invalid_value")
    }
    guard format != Format.url.rawValue else {
      throw .invalid(
        "Invalid 'response_format': streamed events have their pictures in Base64; leave it out, or say 'b64_json'.",
        param: "response_format", code: "invalid_value")
    }
    self.format = .base64
  }

  private static func prompt(_ fields: CallFields) throws(OpenAIError) -> String {
    guard let text = try fields.text("prompt", isNullable: false) else { throw .missing("prompt") }
    guard !text.allSatisfy(\.isWhitespace) else {
      throw .invalid(
        "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an empty string instead.",
        param: "prompt", code: "empty_string")
    }
    // As the client's language counts characters.
    let length = text.unicodeScalars.count
    guard length <= longestPrompt else {
      throw .invalid(
        "Invalid 'prompt': string too long. Expected a string with maximum length \(longestPrompt), but got a string "
          + "with length \(length) instead.", param: "prompt", code: "string_above_max_length")
    }
    return text.trimmingWhitespace()
  }

  private static func size(_ fields: CallFields, of endpoint: Endpoint) throws(OpenAIError) -> PictureSize? {
    let words = sizes + (endpoint == .variations ? [] : ["auto"])
    guard let text = try fields.word("size", of: words) else { return nil }
    return try? PictureSize(parsing: text)
  }
}
