import Foundation
import Shared

/// Any value of JSON, for what has to be told from a value of another type before it is read.
enum JSONValue: Hashable, Sendable, Decodable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  /// What it is, with its article.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a decimal number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// Reads an object, such as the body of a request or a line of a batch.
  ///
  /// - Throws: ``OpenAIError`` (400) for what is no JSON, no object, or has a key twice.
  static func object(_ bytes: some Sequence<UInt8>) throws(OpenAIError) -> [String: JSONValue] {
    let data = Data(bytes)
    let value: JSONValue
    do {
      guard let text = String(validating: data, as: UTF8.self) else {
        throw AtelierError(.invalidInput, "It is not UTF-8.")
      }
      try JSONStrings.check(text)
      value = try JSONDecoder().decode(JSONValue.self, from: data)
    } catch {
      let reason = (error as? AtelierError).map { " " + $0.message } ?? ""
      throw .invalid(
        "We could not parse the JSON body of your request.\(reason) The OpenAI API expects a JSON payload, but what was "
          + "sent was not valid JSON.", param: nil)
    }
    guard case .object(let object) = value else {
      throw .invalid("The body of the request is \(value.kind); it must be a JSON object.", param: nil)
    }
    return object
  }
}
