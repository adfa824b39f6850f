import Foundation

/// Reads a line of a `.jsonl` prompt file: an object of request fields, or a line of an OpenAI batch
/// (`custom_id`, `method`, `url`, `body`).
struct JSONPromptLine: Decodable {
  private var item = ItemRequest(prompt: "")

  /// - Throws: `invalidInput` that names the field.
  static func item(from text: String) throws(AtelierError) -> ItemRequest {
    try JSONStrings.check(text)
    do {
      return try JSONDecoder().decode(JSONPromptLine.self, from: Data(text.utf8)).item
    } catch let error as AtelierError {
      throw error
    } catch let error as DecodingError {
      throw AtelierError(.invalidInput, sentence(for: error))
    } catch {
      throw AtelierError(.invalidInput, "The line is not a JSON object.", cause: error)
    }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: FieldKey.self)
    let isBatchLine = container.contains("body")
    var hasPrompt = false
    for key in container.sortedKeys {
      if isBatchLine {
        switch key.stringValue {
        case "custom_id": try ItemRequest.field(named: "custom_id")?.decode(&item, from: container, key)
        case "body":
          hasPrompt = try readFields(of: container.nestedContainer(keyedBy: FieldKey.self, forKey: key), isBody: true)
          item.operation = try container.decode(PictureOperation.self, forKey: key)
        case "method", "url": continue
        default: throw Self.unknown(key.stringValue)
        }
      }
    }
    if !isBatchLine {
      hasPrompt = try readFields(of: container, isBody: false)
      item.operation = try PictureOperation(from: decoder)
    }
    guard hasPrompt || !item.operation.needsPrompt else {
      throw AtelierError(.invalidInput, "The field 'prompt' is missing.")
    }
  }

  /// Fields of OpenAI bodies that do not change what is rendered here: the model is the job's, and how
  /// pictures are returned is the client's business.
  private static let ignoredInBodies: Set<String> = ["model", "response_format", "quality", "user"]

  /// Reads all fields of an object but those of the operation, which is read as a whole.
  ///
  /// - Parameter isBody: whether it is the body of a line of an OpenAI batch.
  /// - Returns: whether there is a prompt.
  private mutating func readFields(of container: KeyedDecodingContainer<FieldKey>, isBody: Bool) throws -> Bool {
    for key in container.sortedKeys {
      guard let field = ItemRequest.field(named: key.stringValue) else {
        if isBody, Self.ignoredInBodies.contains(key.stringValue) { continue }
        // Read with the operation as a whole.
        if PictureOperation.Key(rawValue: key.stringValue) != nil { continue }
        throw Self.unknown(key.stringValue)
      }
      // As an OpenAI client says "the model's own".
      if field.name == "size", let text = try? container.decode(String.self, forKey: key), text == "auto" { continue }
      try field.decode(&item, from: container, key)
    }
    return container.contains("prompt")
  }

  private static func unknown(_ name: String) -> AtelierError {
    let known = ItemRequest.fields.map(\.name) + PictureOperation.Key.allCases.map(\.rawValue)
    return AtelierError(.invalidInput, "The field '\(name)' is not known; known are \(quoted(known)).")
  }

  /// What is wrong, without the decoder's own words.
  private static func sentence(for error: DecodingError) -> String {
    switch error {
    case .dataCorrupted: "The line is not valid JSON."
    case .typeMismatch(_, let context) where !context.codingPath.isEmpty:
      "The field '\(context.codingPath.map(\.stringValue).joined(separator: "."))' is of the wrong type."
    default: "The line is not a JSON object of request fields."
    }
  }
}
