import Foundation
import Shared

/// A line of a batch's file as it stands: `{"custom_id", "method": "POST", "url", "body"}`.
struct BatchRequestLine {
  var customID: String
  var body: [String: JSONValue]
  /// As the body names it; nil if it names none.
  var model: String?

  /// The longest line, in bytes: a picture of 4 MB and a mask in Base64, and the rest.
  static let longest = 12 << 20

  /// Reads a line.
  ///
  /// - Parameters:
  ///   - bytes: nil for a line that is too long.
  ///   - endpoint: that all lines of the batch must ask.
  /// - Throws: ``Fault`` for what fails the batch.
  init(_ bytes: Data?, line: Int, endpoint: String) throws(Fault) {
    guard let bytes else {
      throw Fault("invalid_json_line", line, "The line is longer than \(Self.longest) bytes.")
    }
    let values: [String: JSONValue]
    do throws(OpenAIError) {
      values = try JSONValue.object(bytes)
    } catch {
      throw Fault("invalid_json_line", line, "This line is not parseable as valid JSON. \(error.message)")
    }
    customID = try Self.text("custom_id", in: values, line)
    guard (1...512).contains(customID.utf8.count) else {
      throw Fault("invalid_value", line, "'custom_id' must have 1 to 512 bytes.", param: "custom_id")
    }
    let method = try Self.text("method", in: values, line)
    guard method == "POST" else {
      throw Fault("invalid_method", line, "The method is '\(method.prefix(60))'; it must be 'POST'.", param: "method")
    }
    let url = try Self.text("url", in: values, line)
    guard url == endpoint else {
      throw Fault(
        "url_mismatch", line,
        "The URL '\(url.prefix(100))' provided for this line does not match the batch's endpoint '\(endpoint)'.",
        param: "url")
    }
    guard case .object(let body)? = values["body"] else {
      throw Fault("missing_required_parameter", line, "The line has no object 'body'.", param: "body")
    }
    self.body = body
    switch body["model"] {
    case .string(let name)?: model = name
    case nil, .null?: model = nil
    case let value?:
      throw Fault("invalid_value", line, "'model' is \(value.kind); it must be a string.", param: "model")
    }
  }

  /// Why a line cannot be read.
  struct Fault: Error {
    var fault: BatchFault

    init(_ code: String, _ line: Int, _ message: String, param: String? = nil) {
      fault = BatchFault(code, line: line, message, param: param)
    }
  }

  private static func text(_ name: String, in values: [String: JSONValue], _ line: Int) throws(Fault) -> String {
    guard case .string(let text)? = values[name] else {
      throw Fault("missing_required_parameter", line, "The line has no string '\(name)'.", param: name)
    }
    return text
  }
}
