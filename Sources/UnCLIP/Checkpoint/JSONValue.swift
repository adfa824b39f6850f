import Foundation

/// A JSON document of unknown content, such as a configuration that somebody else wrote.
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// The largest file that is read, in bytes: a hundred times a configuration, and ten times a tokenizer in use.
  private static let largestFile = 64 << 20

  /// - Throws: `missing` or `malformed`, naming the file and what is wrong with it.
  package static func object(ofFile path: String) throws(UnCLIPError) -> [String: JSONValue] {
    var information = stat()
    if stat(path, &information) == 0 {
      guard information.st_mode & S_IFMT == S_IFREG else {
        throw UnCLIPError(.malformed, "Cannot read '\(path)': it is no file.")
      }
      guard information.st_size <= largestFile else {
        throw UnCLIPError(
          .malformed, "Cannot read '\(path)': it has \(information.st_size) bytes; at most \(largestFile) are read.")
      }
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw UnCLIPError(.missing, "Cannot read '\(path)': there is no such file, or no permission.")
    }
    let result = data.withUnsafeBytes { bytes in
      Result { () throws(JSONReader.Failure) in try JSONReader.read(bytes) }
    }
    switch result {
    case .success(.object(let values)): return values
    case .success(let value):
      throw UnCLIPError(.malformed, "Cannot read '\(path)': it holds \(value.text), not a JSON object.")
    case .failure(let failure):
      throw UnCLIPError(
        .malformed, "Cannot read '\(path)': it is not valid JSON: \(failure.reason) (byte \(failure.offset)).")
    }
  }

  /// The value as a person would write it, cut short, for errors.
  package var text: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): "\"\(value.count > 60 ? value.prefix(57) + "..." : value[...])\""
    case .array(let values):
      "[" + values.prefix(12).map(\.text).joined(separator: ", ") + (values.count > 12 ? ", ..." : "") + "]"
    case .object: "{...}"
    }
  }

  /// The same text for the same value, whatever the order, spacing and spelling of the file: for digests.
  package var canonical: String {
    switch self {
    case .null, .bool, .integer: text
    // 1 and 1.0 say the same.
    case .number(let value): Int(exactly: value).map { "\($0)" } ?? "\(value)"
    case .string(let value): "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    case .array(let values): "[" + values.map(\.canonical).joined(separator: ",") + "]"
    case .object(let values):
      "{"
        + values.sorted { $0.key < $1.key }.map { "\(JSONValue.string($0).canonical):\($1.canonical)" }
        .joined(separator: ",") + "}"
    }
  }
}

extension [String: JSONValue] {
  /// The entries, always in the same order: of several mistakes in an object the same one is named each time.
  var inOrder: [(key: String, value: JSONValue)] { sorted { $0.key < $1.key } }
}
