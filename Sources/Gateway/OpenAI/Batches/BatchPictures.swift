import Coordinator
import Foundation
import Shared

/// Pictures that lines of a batch bring: a data URL (`data:image/png;base64,...`), mere Base64, or the id of an uploaded
/// file; also as the API's objects `{"image_url": ...}` and `{"file_id": ...}`.
struct BatchPictures {
  let coordinator: Coordinator
  let owner: String

  /// Takes a picture out of a body.
  ///
  /// - Parameter names: under which it may stand, such as `image`.
  /// - Returns: its bytes; nil if there is none.
  /// - Throws: ``OpenAIError`` for what is no picture here; `system` if a file cannot be read now.
  func take(_ names: [String], from body: inout [String: JSONValue]) async throws -> [UInt8]? {
    guard let name = names.first(where: { body[$0] != nil }), var value = body.removeValue(forKey: name) else {
      return nil
    }
    if case .array(let values) = value, values.count == 1 { value = values[0] }
    if case .object(let object) = value, let inner = object["file_id"] ?? object["image_url"] { value = inner }
    if value == .null { return nil }
    guard case .string(let text) = value else {
      throw OpenAIError.wrongType(name, expected: "a string with a picture in Base64, or a file's id", got: value)
    }
    let bytes = text.hasPrefix("file-") ? try await file(text, name) : try Self.decoded(text, name)
    guard bytes.count <= MultipartForm.largestFile else {
      throw OpenAIError.invalid(
        "Uploaded image must be a PNG and less than 4 MB.", param: name, code: "image_too_large")
    }
    return bytes
  }

  private func file(_ id: String, _ name: String) async throws -> [UInt8] {
    do {
      let (file, handle) = try await coordinator.contents(ofFile: id, of: owner)
      // More is too large, however much it is.
      let most = min(file.bytes, MultipartForm.largestFile + 1)
      return try await coordinator.blocking.run { Array(try handle.read(upToCount: most) ?? Data()) }
    } catch let error as AtelierError where error.code == .notFound {
      throw OpenAIError.invalid(
        "Invalid '\(name)': there is no file '\(id.prefix(200))'.", param: name, code: "invalid_value")
    }
  }

  private static func decoded(_ text: String, _ name: String) throws(OpenAIError) -> [UInt8] {
    let base64 = text.hasPrefix("data:") ? text.split(separator: ",", maxSplits: 1).last.map(String.init) ?? "" : text
    guard let bytes = Data(base64Encoded: base64), !bytes.isEmpty else {
      throw .invalid(
        "Invalid '\(name)': it must be a picture as a data URL or in Base64, or the id of an uploaded file.",
        param: name, code: "invalid_value")
    }
    return Array(bytes)
  }
}
