/// Cuts a stream of bytes into records: lines, or for CSV rows, whose quoted fields may hold line ends.
///
/// Lines end with LF, CRLF or CR, also mixed. Records are UTF-8: a file in UTF-16 with a byte order mark is turned into
/// it. Memory is bounded by the longest record: one that passes `longestRecord` is reported and skipped.
package struct RecordSplitter {
  /// A line or row, numbered from 1 by its first line.
  package enum Record: Equatable {
    /// Without its line end.
    case bytes([UInt8], line: Int)
    case tooLong(line: Int)
  }

  /// In bytes.
  package static let longestRecord = 1 << 20

  private var input = UTF8Input()
  /// Where in its row a byte of a CSV file stands; nil for lines.
  private var scanner: CSVScanner?
  /// Whether the first row that says something was read, which tells how fields are separated.
  private var seenHeader = false
  private var current: [UInt8] = []
  private var overflowed = false
  private var afterCarriageReturn = false
  private var line = 1
  private var firstLine = 1

  /// The number of the line or row that is being read, if it has passed the bound already: who need not skip it need
  /// not wait for its end.
  package var tooLongLine: Int? { overflowed ? firstLine : nil }

  package init(quotesHoldLineEnds: Bool) {
    scanner = quotesHoldLineEnds ? CSVScanner() : nil
  }

  /// What separates the fields of a CSV file, by its header; a comma where nothing else does.
  var separator: UInt8 { scanner?.separator ?? Self.comma }

  /// Whether the file began with a byte order mark of UTF-16.
  var isUTF16: Bool { input.isUTF16 }

  /// Takes the next bytes and hands on each record that they complete, numbered by its first line.
  package mutating func consume(_ bytes: some Sequence<UInt8>, _ body: (Record) throws -> Void) rethrows {
    var input = input
    defer { self.input = input }
    for byte in bytes { try input.consume(byte) { try take($0, body) } }
  }

  /// Hands on what stands after the last line end.
  package mutating func finish(_ body: (Record) throws -> Void) rethrows {
    var input = input
    defer { self.input = input }
    try input.finish { try take($0, body) }
    if !current.isEmpty || overflowed { try emit(body) }
  }

  private static let comma = UInt8(ascii: ",")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  private mutating func take(_ byte: UInt8, _ body: (Record) throws -> Void) rethrows {
    if byte == Self.lineFeed || byte == Self.carriageReturn {
      let isSecondHalf = afterCarriageReturn && byte == Self.lineFeed
      afterCarriageReturn = byte == Self.carriageReturn
      if !isSecondHalf { line += 1 }
      if scanner?.isInQuotes == true {
        keep(byte)
      } else if !isSecondHalf {
        try emit(body)
      }
      return
    }
    afterCarriageReturn = false
    _ = scanner?.meaning(of: byte)
    keep(byte)
  }

  private mutating func keep(_ byte: UInt8) {
    if current.count < Self.longestRecord { current.append(byte) } else { overflowed = true }
  }

  /// Hands on what was gathered, and begins the next record.
  private mutating func emit(_ body: (Record) throws -> Void) rethrows {
    scanner?.beginRow()
    if !seenHeader {
      seenHeader = !current.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
      // Tabs of a blank line separate nothing.
      if !seenHeader { scanner?.separator = nil } else if scanner?.separator == nil { scanner?.separator = Self.comma }
    }
    let record = overflowed ? Record.tooLong(line: firstLine) : .bytes(current, line: firstLine)
    current.removeAll(keepingCapacity: true)
    overflowed = false
    firstLine = line
    try body(record)
  }
}
