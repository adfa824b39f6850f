import Foundation
import Shared

/// Reads the lines of a file, of which no more than a few stand in memory. For one task at a time.
final class LineReader: @unchecked Sendable {
  /// A line without its end.
  struct Line {
    /// From 1.
    var number: Int
    /// Nil for one that is longer than is taken.
    var bytes: Data?
  }

  private let file: FileHandle
  private let longest: Int
  /// What was read and is no whole line yet.
  private var pending = Data()
  private var number = 0
  /// Whether the line that is being read is too long already.
  private var isTooLong = false
  private var isAtEnd = false

  private static let pieceSize = 1 << 20

  /// - Parameter longest: of a line, in bytes.
  init(_ file: FileHandle, longest: Int) {
    self.file = file
    self.longest = longest
  }

  /// The next lines that say something, at least one; nil at the end. Blocks.
  ///
  /// - Throws: `system`.
  func next() throws(AtelierError) -> [Line]? {
    while !isAtEnd {
      let piece: Data
      do {
        piece = try file.read(upToCount: Self.pieceSize) ?? Data()
      } catch {
        throw AtelierError("Cannot read the file of a batch", system: error)
      }
      isAtEnd = piece.isEmpty
      var lines: [Line] = []
      var start = piece.startIndex
      while let end = piece[start...].firstIndex(of: UInt8(ascii: "\n")) {
        pending += piece[start..<end]
        start = end + 1
        take(into: &lines)
      }
      pending += piece[start...]
      if pending.count > longest { (isTooLong, pending) = (true, Data()) }
      if isAtEnd, !pending.isEmpty || isTooLong { take(into: &lines) }
      if !lines.isEmpty { return lines }
    }
    return nil
  }

  /// The line that is pending is whole.
  private func take(into lines: inout [Line]) {
    number += 1
    if number == 1, pending.starts(with: [0xEF, 0xBB, 0xBF]) { pending = pending.dropFirst(3) }
    let isBlank = pending.allSatisfy { [0x20, 0x09, 0x0D].contains($0) }
    if isTooLong || pending.count > longest {
      lines.append(Line(number: number))
    } else if !isBlank {
      // A copy, so that no whole piece is kept for it.
      lines.append(Line(number: number, bytes: Data(pending)))
    }
    (isTooLong, pending) = (false, Data())
  }
}
