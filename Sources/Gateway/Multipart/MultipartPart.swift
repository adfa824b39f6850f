import Shared

/// What the headers of a part of a form say.
struct MultipartPart: Sendable, Equatable {
  /// Of the field.
  var name: String
  /// Of the file, as the client calls it; nil for a text.
  var fileName: String?

  init(name: String, fileName: String? = nil) {
    self.name = name
    self.fileName = fileName
  }

  /// - Parameter header: lines with line breaks before and between them.
  /// - Throws: `invalidInput` if the part has no name.
  init(header: some Sequence<UInt8>) throws(AtelierError) {
    guard let text = String(validating: Array(header), as: UTF8.self) else {
      throw MultipartParser.fault("the headers of a part are not UTF-8")
    }
    for line in text.split(separator: "\r\n") {
      guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == "content-disposition" else { continue }
      let (kind, parameters) = HeaderParameters.parse(line[line.index(after: colon)...])
      guard kind == "form-data", let name = parameters["name"], !name.isEmpty else { break }
      self.init(name: name, fileName: parameters["filename"])
      return
    }
    throw MultipartParser.fault("a part has no name")
  }
}

/// Values of headers such as `form-data; name="image"; filename="a.png"`.
enum HeaderParameters {
  /// - Returns: what stands first, in lower case, and the parameters by their names in lower case.
  static func parse(_ text: some StringProtocol) -> (value: String, parameters: [String: String]) {
    var pieces: [String] = [""]
    var isQuoted = false
    var isEscaped = false
    for character in text.unicodeScalars {
      if isEscaped {
        pieces[pieces.count - 1].unicodeScalars.append(character)
        isEscaped = false
      } else if isQuoted, character == "\\" {
        isEscaped = true
      } else if character == "\"" {
        isQuoted.toggle()
      } else if character == ";", !isQuoted {
        pieces.append("")
      } else {
        pieces[pieces.count - 1].unicodeScalars.append(character)
      }
    }
    var parameters: [String: String] = [:]
    for piece in pieces.dropFirst() {
      guard let equals = piece.firstIndex(of: "=") else { continue }
      let name = String(piece[..<equals]).trimmingWhitespace().lowercased()
      parameters[name] = String(piece[piece.index(after: equals)...]).trimmingWhitespace()
    }
    return (pieces[0].trimmingWhitespace().lowercased(), parameters)
  }
}
