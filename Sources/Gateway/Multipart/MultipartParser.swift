import Shared

/// Reads a form of the type `multipart/form-data` (RFC 7578) as it arrives: holds no more of it than a header and a
/// boundary, whatever is sent. Pure: bytes in, events out.
struct MultipartParser: Sendable {
  enum Event: Sendable, Equatable {
    /// A part begins.
    case begin(MultipartPart)
    /// The next bytes of the part that began last.
    case bytes([UInt8])
    /// The part is whole.
    case end
  }

  private enum State {
    /// Before the first boundary.
    case preamble
    /// Behind a boundary, which says whether another part follows.
    case boundary
    case header
    case body
    /// Behind the last boundary; nothing of it counts.
    case epilogue
  }

  private var state = State.preamble
  /// What has arrived and is not told yet. A boundary begins with a line break, so the text is read as if there were one
  /// before it.
  private var buffer = Array("\r\n".utf8)
  private let delimiter: [UInt8]
  private var parts = 0
  private let mostParts: Int

  /// Of what comes before the first part, and of the headers of one.
  private static let (longestPreamble, longestHeader) = (1024, 8192)

  /// - Parameter mostParts: more are refused.
  init(boundary: String, mostParts: Int = 64) {
    delimiter = Array("\r\n--\(boundary)".utf8)
    self.mostParts = mostParts
  }

  /// Takes the next bytes, which may end anywhere.
  ///
  /// - Throws: `invalidInput` for what is no such form, or has too much in its headers.
  mutating func consume(_ bytes: some Sequence<UInt8>) throws(AtelierError) -> [Event] {
    buffer += bytes
    var events: [Event] = []
    var start = 0
    while try step(&start, &events) {}
    buffer.removeFirst(start)
    return events
  }

  /// The form has ended.
  ///
  /// - Throws: `invalidInput` if its end has not come.
  func finish() throws(AtelierError) {
    guard state == .epilogue else { throw Self.fault("it ends in the middle") }
  }

  /// Goes on in the buffer, from where it begins.
  ///
  /// - Returns: whether there may be more to do with what is here.
  private mutating func step(_ start: inout Int, _ events: inout [Event]) throws(AtelierError) -> Bool {
    switch state {
    case .preamble:
      guard let end = find(delimiter, from: start) else {
        guard buffer.count <= Self.longestPreamble else { throw Self.fault("its first boundary does not come") }
        return false
      }
      start = end + delimiter.count
      state = .boundary
    case .boundary:
      guard buffer.count >= start + 2 else { return false }
      if buffer[start] == UInt8(ascii: "-"), buffer[start + 1] == UInt8(ascii: "-") {
        start = buffer.count
        state = .epilogue
        return false
      }
      // Blanks may stand before the end of the line.
      guard let end = find(Self.lineBreak, from: start) else {
        guard buffer.count - start <= 64 else { throw Self.fault("a boundary does not end") }
        return false
      }
      guard buffer[start..<end].allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else {
        throw Self.fault("something follows a boundary")
      }
      // The line break stays, as the one before the headers.
      start = end
      state = .header
    case .header:
      guard let end = find(Self.emptyLine, from: start) else {
        guard buffer.count - start <= Self.longestHeader else { throw Self.fault("the headers of a part are too long") }
        return false
      }
      parts += 1
      guard parts <= mostParts else { throw Self.fault("it has more than \(mostParts) parts") }
      events.append(.begin(try MultipartPart(header: buffer[start..<end])))
      start = end + Self.emptyLine.count
      state = .body
    case .body: return body(&start, &events)
    case .epilogue:
      start = buffer.count
      return false
    }
    return true
  }

  /// Tells what is here of a part's bytes.
  ///
  /// - Returns: whether its end is here.
  private mutating func body(_ start: inout Int, _ events: inout [Event]) -> Bool {
    let end = find(delimiter, from: start)
    // Else the last bytes may be the beginning of a boundary.
    let told = end ?? max(start, buffer.count - delimiter.count + 1)
    if told > start { events.append(.bytes(Array(buffer[start..<told]))) }
    start = told
    guard let end else { return false }
    events.append(.end)
    start = end + delimiter.count
    state = .boundary
    return true
  }

  private static let lineBreak = Array("\r\n".utf8)
  private static let emptyLine = Array("\r\n\r\n".utf8)

  /// Where a text begins in the buffer; nil if it is not there.
  private func find(_ text: [UInt8], from start: Int) -> Int? {
    buffer.withUnsafeBufferPointer { buffer in
      text.withUnsafeBufferPointer { text in
        guard buffer.count >= start + text.count else { return nil }
        var index = start
        let last = buffer.count - text.count
        while index <= last {
          if buffer[index] == text[0] {
            var matched = 1
            while matched < text.count, buffer[index + matched] == text[matched] { matched += 1 }
            if matched == text.count { return index }
          }
          index += 1
        }
        return nil
      }
    }
  }

  static func fault(_ reason: String) -> AtelierError {
    AtelierError(.invalidInput, "The form (multipart/form-data) cannot be read: \(reason).")
  }
}
