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
        case "custom_id": item.customID = try Self.value(container, key, "a string")
        case "body":
          hasPrompt = try readFields(of: container.nestedContainer(keyedBy: Key.self, forKey: key), isBody: true)
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
    guard hasPrompt || !item.operation.needsPrompt else { throw AtelierError(.invalidInput, "The field 'prompt' is missing.") }
  }

  /// Fields of OpenAI bodies that do not change what is rendered here: the model is the job's, and how
  /// pictures are returned is the client's business.
  private static let ignoredInBodies: Set<String> = ["model", "response_format", "quality", "user"]

  private mutating func readFields(of container: KeyedDecodingContainer<Key>, isBody: Bool) throws -> Bool {
    for key in container.allKeys {
      guard let field = RequestField(rawValue: key.stringValue) else {
        if isBody, Self.ignoredInBodies.contains(key.stringValue) { continue }
        // Read with the operation as a whole.
        if PictureOperation.Field(rawValue: key.stringValue) != nil { continue }
        throw Self.unknown(key.stringValue)
      }
      if try container.decodeNil(forKey: key) { continue }
      switch field {
      case .prompt, .negativePrompt, .size, .sampler, .customID:
        try item.set(field, to: Self.value(container, key, "a string"))
      case .n: item.n = try Self.value(container, key, "a whole number")
      case .seed: item.seed = try Self.value(container, key, "a whole number from 0 to 18446744073709551615")
      case .priorSteps: item.parameters.priorSteps = try Self.value(container, key, "a whole number")
      case .decoderSteps: item.parameters.decoderSteps = try Self.value(container, key, "a whole number")
      case .superResSteps: item.parameters.superResSteps = try Self.value(container, key, "a whole number")
      case .priorGuidance: item.parameters.priorGuidance = try Self.value(container, key, "a number")
      case .decoderGuidance: item.parameters.decoderGuidance = try Self.value(container, key, "a number")
      case .eta: item.parameters.eta = try Self.value(container, key, "a number")
      case .decoderGuidanceStart: item.parameters.decoderGuidanceStart = try Self.value(container, key, "a number")
      case .decoderGuidanceEnd: item.parameters.decoderGuidanceEnd = try Self.value(container, key, "a number")
      case .cacheInterval: item.parameters.cacheInterval = try Self.value(container, key, "a whole number")
      }
    }
    return container.contains("prompt")
  }

  private static func unknown(_ name: String) -> AtelierError {
    AtelierError(.invalidInput, "The field '\(name)' is not known; known are \(RequestField.list), \(RequestField.list(PictureOperation.Field.allCases.map(\.rawValue))).")
  }

  /// A field's value. The decoder's own errors do not always say which field they are about.
  private static func value<Value: Decodable>(
    _ container: KeyedDecodingContainer<Key>, _ key: Key, _ kind: String
  ) throws(AtelierError) -> Value {
    do {
      return try container.decode(Value.self, forKey: key)
    } catch {
      throw AtelierError(.invalidInput, "The field '\(key.stringValue)' is not \(kind).")
    }
  }

  private static func sentence(for error: DecodingError) -> String {
    switch error {
    case .dataCorrupted: "The line is not valid JSON."
    case .typeMismatch(_, let context) where !context.codingPath.isEmpty:
      "The field '\(context.codingPath.map(\.stringValue).joined(separator: "."))' is of the wrong type."
    default: "The line is not a JSON object of request fields."
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
