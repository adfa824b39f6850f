import Hummingbird
import NIOCore
import Shared

/// A form that has arrived, with its files in memory: for those that are small. What it may have is settled before it is
/// read, and it is read no further than that.
struct MultipartForm: Sendable {
  /// By their names.
  private(set) var texts: [String: String] = [:]
  /// By their names, without the `[]` of lists, which have one here.
  private(set) var files: [String: [UInt8]] = [:]

  /// How large a file may be, in bytes.
  static let largestFile = (4 << 20) - 1
  /// Likewise a text.
  private static let longestText = 64 << 10

  /// Reads the body of a request.
  ///
  /// - Parameter names: of the files that it may have; those of lists without `[]`.
  /// - Throws: ``OpenAIError`` (400) if it is no form, or names the field that is too much.
  init(_ request: Request, files names: Set<String>) async throws {
    var parser = MultipartParser(boundary: try Self.boundary(of: request.headers[.contentType]))
    var part: MultipartPart?
    var bytes: [UInt8] = []
    for try await chunk in request.body {
      for event in try parser.consume(chunk.readableBytesView) {
        switch event {
        case .begin(let new):
          try checkNew(new, names)
          (part, bytes) = (new, [])
        case .bytes(let more):
          guard let part else { continue }
          bytes += more
          try Self.check(part, bytes.count)
        case .end:
          if let part { try add(part, bytes) }
          part = nil
        }
      }
    }
    try parser.finish()
  }

  /// The boundary that a content type says.
  static func boundary(of contentType: String?) throws(OpenAIError) -> String {
    let (type, parameters) = HeaderParameters.parse(contentType ?? "")
    guard type == "multipart/form-data", let boundary = parameters["boundary"], (1...200).contains(boundary.utf8.count)
    else {
      throw .invalid(
        "The content type is '\((contentType ?? "").prefix(100))'; this endpoint takes 'multipart/form-data' with a "
          + "boundary.", param: nil, code: "invalid_content_type")
    }
    return boundary
  }

  /// The one file of a field; nil if there is none.
  ///
  /// - Throws: ``OpenAIError`` (400) if there is a text in its place.
  func file(_ name: String) throws(OpenAIError) -> [UInt8]? {
    if texts[name] != nil || texts["\(name)[]"] != nil {
      throw .invalid(
        "Invalid type for '\(name)': expected a file, but got a string instead.", param: name, code: "invalid_type")
    }
    return files[name]
  }

  private mutating func add(_ part: MultipartPart, _ bytes: [UInt8]) throws(OpenAIError) {
    guard part.fileName == nil else {
      files[Self.fieldName(part)] = bytes
      return
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .invalid("Invalid '\(part.name.prefix(200))': it is not UTF-8.", param: part.name, code: "invalid_value")
    }
    texts[part.name] = text
  }

  /// Refuses what is not asked for, or is one too many, before it is read.
  private func checkNew(_ part: MultipartPart, _ names: Set<String>) throws(OpenAIError) {
    let name = Self.fieldName(part)
    if part.fileName != nil {
      guard names.contains(name) else { throw .unknown(part.name) }
      guard files[name] == nil else {
        throw .invalid(
          "Invalid '\(name)': array too long. This model takes one file.", param: name, code: "array_above_max_length")
      }
    } else if texts[name] != nil {
      throw .invalid("Invalid '\(name.prefix(200))': it comes twice.", param: name, code: "invalid_value")
    }
  }

  /// Refuses what is too large as soon as it is.
  private static func check(_ part: MultipartPart, _ size: Int) throws(OpenAIError) {
    let name = fieldName(part)
    if part.fileName != nil {
      guard size <= largestFile else {
        throw .invalid("Uploaded image must be a PNG and less than 4 MB.", param: name, code: "image_too_large")
      }
    } else if size > longestText {
      throw .invalid("Invalid '\(name.prefix(200))': string too long.", param: name, code: "string_above_max_length")
    }
  }

  /// A list of files has `[]` behind its name.
  private static func fieldName(_ part: MultipartPart) -> String {
    part.fileName != nil && part.name.hasSuffix("[]") ? String(part.name.dropLast(2)) : part.name
  }
}
