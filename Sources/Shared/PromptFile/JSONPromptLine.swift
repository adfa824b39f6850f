import Foundation

/// Reads a line of a `.jsonl` prompt file: an object of request fields, or a line of an OpenAI batch
/// (`custom_id`, `method`, `url`, `body`).
struct JSONPromptLine: Decodable {
  private var item = ItemRequest(prompt: "")

  /// - Throws: `invalidInput` that names the field.
  static func item(from text: String) throws(AtelierError) -> ItemRequest {
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
    let container = try decoder.container(keyedBy: Key.self)
    let isBatchLine = container.contains("body")
    var hasPrompt = false
    for key in container.allKeys {
      if isBatchLine {
        switch key.stringValue {
        case "custom_id": item.customID = try container.decode(String.self, forKey: key)
        case "body": hasPrompt = try readFields(of: container.nestedContainer(keyedBy: Key.self, forKey: key), isBody: true)
        case "method", "url": continue
        default: throw Self.unknown(key.stringValue)
        }
      }
    }
    if !isBatchLine { hasPrompt = try readFields(of: container, isBody: false) }
    guard hasPrompt else { throw AtelierError(.invalidInput, "The field 'prompt' is missing.") }
  }

  /// Fields of OpenAI bodies that do not change what is rendered here: the model is the job's, and how
  /// pictures are returned is the client's business.
  private static let ignoredInBodies: Set<String> = ["model", "response_format", "quality", "user"]

  private mutating func readFields(of container: KeyedDecodingContainer<Key>, isBody: Bool) throws -> Bool {
    for key in container.allKeys {
      guard let field = RequestField(rawValue: key.stringValue) else {
        if isBody, Self.ignoredInBodies.contains(key.stringValue) { continue }
        throw Self.unknown(key.stringValue)
      }
      if try container.decodeNil(forKey: key) { continue }
      switch field {
      case .prompt, .negativePrompt, .size, .customID:
        try item.set(field, to: container.decode(String.self, forKey: key))
      case .n: item.n = try container.decode(Int.self, forKey: key)
      case .seed: item.seed = try container.decode(UInt64.self, forKey: key)
      case .priorSteps: item.parameters.priorSteps = try container.decode(Int.self, forKey: key)
      case .decoderSteps: item.parameters.decoderSteps = try container.decode(Int.self, forKey: key)
      case .superResSteps: item.parameters.superResSteps = try container.decode(Int.self, forKey: key)
      case .priorGuidance: item.parameters.priorGuidance = try container.decode(Double.self, forKey: key)
      case .decoderGuidance: item.parameters.decoderGuidance = try container.decode(Double.self, forKey: key)
      }
    }
    return container.contains("prompt")
  }

  private static func unknown(_ name: String) -> AtelierError {
    AtelierError(.invalidInput, "The field '\(name)' is not known; known are \(RequestField.list).")
  }

  private static func sentence(for error: DecodingError) -> String {
    func field(_ context: DecodingError.Context) -> String {
      context.codingPath.last.map { "The field '\($0.stringValue)'" } ?? "The line"
    }
    return switch error {
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      "\(field(context)) is not \(name(of: type))."
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      "The line is not valid JSON."
    case .dataCorrupted(let context):
      "\(field(context)) has a value that does not fit."
    default:
      "The line is not a JSON object of request fields."
    }
  }

  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Int.Type, is UInt64.Type: "a whole number"
    case is Double.Type: "a number"
    default: "a JSON object"
    }
  }

  /// Any key, so that an unknown one can be named.
  private struct Key: CodingKey, ExpressibleByStringLiteral {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
    init(stringLiteral value: String) { stringValue = value }
  }
}
