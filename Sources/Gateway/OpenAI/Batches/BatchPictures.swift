import Coordinator
import Crypto
import Foundation
import Shared

/// Pictures that lines of a batch bring: a data URL (`data:image/png;base64,...`), mere Base64, or the id of an uploaded
/// file; also as the API's objects `{"image_url": ...}` and `{"file_id": ...}`. They are kept as any uploaded picture.
struct BatchPictures {
  let coordinator: Coordinator
  let owner: String
  /// The digests of files that were looked up.
  private var digests: [String: String] = [:]

  /// The largest picture, in bytes.
  static let largest = 4 << 20

  init(_ coordinator: Coordinator, of owner: String) {
    self.coordinator = coordinator
    self.owner = owner
  }

  /// Takes a picture out of a body.
  ///
  /// - Parameter names: under which it may stand, such as `image`.
  /// - Returns: the SHA-256 under which it is kept; nil if there is none.
  /// - Throws: ``OpenAIError`` for what is no picture here, and what keeping it throws.
  mutating func take(_ names: [String], from body: inout [String: JSONValue]) async throws -> String? {
    guard let name = names.first(where: { body[$0] != nil }), var value = body.removeValue(forKey: name) else {
      return nil
    }
    if case .array(let values) = value, values.count == 1 { value = values[0] }
    if case .object(let object) = value, let inner = object["file_id"] ?? object["image_url"] { value = inner }
    if value == .null { return nil }
    guard case .string(let text) = value else {
      throw OpenAIError.wrongType(name, expected: "a string with a picture in Base64, or a file's id", got: value)
    }
    if let known = digests[text] { return known }
    if text.hasPrefix("file-") {
      let digest = try await keep(try await file(text, name))
      digests[text] = digest
      return digest
    }
    let base64 = text.hasPrefix("data:") ? text.split(separator: ",", maxSplits: 1).last.map(String.init) ?? "" : text
    guard let bytes = Data(base64Encoded: base64), !bytes.isEmpty else {
      throw OpenAIError.invalid(
        "Invalid '\(name)': it must be a picture as a data URL or in Base64, or the id of an uploaded file.",
        param: name, code: "invalid_value")
    }
    return try await keep(Self.check(bytes, name))
  }

  private func file(_ id: String, _ name: String) async throws -> Data {
    guard let (file, handle) = try? await coordinator.contents(ofFile: id, of: owner) else {
      throw OpenAIError.invalid("Invalid '\(name)': there is no file '\(id)'.", param: name, code: "invalid_value")
    }
    guard file.bytes <= Self.largest else { throw Self.tooLarge(name) }
    return try await coordinator.blocking.run { try handle.readToEnd() ?? Data() }
  }

  private static func check(_ bytes: Data, _ name: String) throws(OpenAIError) -> Data {
    guard bytes.count <= largest else { throw tooLarge(name) }
    return bytes
  }

  private static func tooLarge(_ name: String) -> OpenAIError {
    .invalid("Invalid '\(name)': a picture may have \(largest >> 20) MB.", param: name, code: "invalid_value")
  }

  private func keep(_ bytes: Data) async throws -> String {
    let digest = hexadecimal(SHA256.hash(data: bytes))
    try await coordinator.keepSource(Array(bytes), digest: digest, owner: owner)
    return digest
  }
}
