/// Reads a JSON document strictly: a name that is given twice in an object, a second document behind
/// the first, or bytes that are no UTF-8 are errors, where lenient readers keep one of two meanings.
///
/// RFC 8259, with Python's `NaN` and `Infinity` besides, since Python writes the files read here.
struct JSONReader {
  /// What is wrong and where, in bytes from the start.
  struct Failure: Error {
    var reason: String
    var offset: Int
  }

  /// Nothing that is read here nests deeper; a hostile file must not exhaust the stack.
  private static let deepest = 64

  private let bytes: UnsafeRawBufferPointer
  private var index = 0

  /// Reads the one value that `bytes` hold.
  static func read(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> JSONValue {
    var reader = JSONReader(bytes: bytes)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.index == bytes.count else { throw reader.failure("there is more behind the value") }
    return value
  }

  private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private mutating func value(depth: Int) throws(Failure) -> JSONValue {
    guard depth < Self.deepest else { throw failure("it nests deeper than \(Self.deepest) levels") }
    skipSpace()
    switch peek {
    case UInt8(ascii: "{")?: return try object(depth: depth)
    case UInt8(ascii: "[")?: return try array(depth: depth)
    case UInt8(ascii: "\"")?: return .string(try string())
    case nil: throw failure("it ends too early")
    default: break
    }
    for (word, value) in Self.words where take(word) { return value }
    return try number()
  }

  private static let words: [(StaticString, JSONValue)] = [
    ("null", .null), ("true", .bool(true)), ("false", .bool(false)), ("NaN", .number(.nan)),
    ("Infinity", .number(.infinity)), ("-Infinity", .number(-.infinity)),
  ]

  private mutating func object(depth: Int) throws(Failure) -> JSONValue {
    var values: [String: JSONValue] = [:]
    index += 1
    skipSpace()
    if take("}") { return .object(values) }
    while true {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw failure("a name is missing") }
      let start = index
      let name = try string()
      skipSpace()
      guard take(":") else { throw failure("a colon is missing") }
      let value = try value(depth: depth + 1)
      guard values.updateValue(value, forKey: name) == nil else {
        index = start
        throw failure("the name '\(name)' is given twice")
      }
      skipSpace()
      if take("}") { return .object(values) }
      guard take(",") else { throw failure("a comma or a closing brace is missing") }
    }
  }

  private mutating func array(depth: Int) throws(Failure) -> JSONValue {
    var values: [JSONValue] = []
    index += 1
    skipSpace()
    if take("]") { return .array(values) }
    while true {
      values.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(values) }
      guard take(",") else { throw failure("a comma or a closing bracket is missing") }
    }
  }

  private mutating func number() throws(Failure) -> JSONValue {
    let start = index
    while let byte = peek, Self.isNumeric(byte) { index += 1 }
    let end = index
    index = start
    guard start < end, bytes[start] != UInt8(ascii: "+") else { throw failure("a value is missing") }
    let text = String(decoding: bytes[start..<end], as: UTF8.self)
    // Swift's own numbers are written in more ways: 01, .5, 1.
    guard skipNumber(), index == end, let value = Int(text).map(JSONValue.integer) ?? Double(text).map(JSONValue.number)
    else {
      index = start
      throw failure("'\(text)' is no number")
    }
    return value
  }

  /// Goes past a number as RFC 8259, section 6, has it.
  private mutating func skipNumber() -> Bool {
    _ = take("-")
    guard take("0") || skipDigits() else { return false }
    if take("."), !skipDigits() { return false }
    guard take("e") || take("E") else { return true }
    _ = take("+") || take("-")
    return skipDigits()
  }

  private mutating func skipDigits() -> Bool {
    let start = index
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
    return index > start
  }

  private static func isNumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
      UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  private mutating func string() throws(Failure) -> String {
    index += 1
    let start = index
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { index += 1 }
    if peek == UInt8(ascii: "\"") {
      defer { index += 1 }
      return try text(bytes[start..<index])
    }
    var content = Array(bytes[start..<index])
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        return try text(content)
      case UInt8(ascii: "\\"):
        index += 1
        try escape(into: &content)
      case 0..<0x20: throw failure("a control character stands in a text")
      default:
        content.append(byte)
        index += 1
      }
    }
    throw failure("a text does not end")
  }

  private mutating func escape(into content: inout [UInt8]) throws(Failure) {
    guard let byte = peek else { throw failure("a text does not end") }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      var code = try codeUnit()
      if (0xD800..<0xDC00).contains(code) {
        guard take("\\u") else { throw failure("half a surrogate pair stands in a text") }
        let low = try codeUnit()
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair stands in a text") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure("half a surrogate pair stands in a text") }
      content.append(contentsOf: Array(String(scalar).utf8))
    default: throw failure("an unknown escape stands in a text")
    }
  }

  private mutating func codeUnit() throws(Failure) -> UInt32 {
    guard index + 4 <= bytes.count else { throw failure("a text does not end") }
    var code: UInt32 = 0
    for byte in bytes[index..<(index + 4)] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw failure("an escape is not hexadecimal")
      }
      code = code << 4 | UInt32(digit)
    }
    index += 4
    return code
  }

  private func text(_ content: some Collection<UInt8>) throws(Failure) -> String {
    guard let text = String(validating: content, as: UTF8.self) else { throw failure("a text is not UTF-8") }
    return text
  }

  private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
  }

  private mutating func take(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard index + count <= bytes.count else { return false }
    for letter in 0..<count where bytes[index + letter] != word.utf8Start[letter] { return false }
    index += count
    return true
  }

  private func failure(_ reason: String) -> Failure { Failure(reason: reason, offset: index) }
}
