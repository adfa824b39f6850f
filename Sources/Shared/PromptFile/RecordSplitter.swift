/// Cuts a stream of bytes into records: lines, or for CSV rows, whose quoted fields may hold line ends.
///
/// Memory is bounded by the longest record: one that passes `longestRecord` is reported and skipped.
package struct RecordSplitter {
  /// A line or row, numbered from 1 by its first line.
  package enum Record: Equatable {
    /// Without its line end.
    case bytes([UInt8], line: Int)
    case tooLong(line: Int)
  }

  /// In bytes.
  package static let longestRecord = 1 << 20

  private let quotesHoldLineEnds: Bool
  private var current: [UInt8] = []
  private var inQuotes = false
  private var overflowed = false
  private var line = 1
  private var firstLine = 1

  /// The number of the line or row that is being read, if it has passed the bound already: who need not skip it need
  /// not wait for its end.
  package var tooLongLine: Int? { overflowed ? firstLine : nil }

  package init(quotesHoldLineEnds: Bool) {
    self.quotesHoldLineEnds = quotesHoldLineEnds
  }

  /// Takes the next bytes and hands on each record that they complete, numbered by its first line.
  package mutating func consume(_ bytes: some Sequence<UInt8>, _ body: (Record) throws -> Void) rethrows {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        line += 1
        if !inQuotes {
          try emit(body)
          continue
        }
      } else if byte == UInt8(ascii: "\""), quotesHoldLineEnds {
        inQuotes.toggle()
      }
      if current.count < Self.longestRecord { current.append(byte) } else { overflowed = true }
    }
  }

  /// Hands on what stands after the last line end.
  package mutating func finish(_ body: (Record) throws -> Void) rethrows {
    if !current.isEmpty || overflowed { try emit(body) }
  }

  /// Hands on what was gathered, and begins the next record.
  private mutating func emit(_ body: (Record) throws -> Void) rethrows {
    if overflowed {
      try body(.tooLong(line: firstLine))
    } else {
      if current.last == UInt8(ascii: "\r") { current.removeLast() }
      try body(.bytes(current, line: firstLine))
    }
    current.removeAll(keepingCapacity: true)
    overflowed = false
    inQuotes = false
    firstLine = line
  }
}
