import Foundation
import Shared

/// Looks through a prompt file before anything of it is sent: for lines that are too long, and files that must not be
/// uploaded. In memory stands one line, however long the file's are.
struct PromptFileCheck {
  private let format: PromptFileFormat
  private let folder: SourceFolder
  /// Whether bad lines are left out, rather than refuse the file.
  private let skipsBad: Bool
  /// Files that were found to be in order: many lines may name one.
  private var known: Set<SourceFields.Source> = []
  /// Why lines are refused, by their numbers.
  private(set) var refused: [Int: String] = [:]

  /// An answer of the coordinator names no more lines.
  private static let mostRefused = 1000

  private init(_ format: PromptFileFormat, _ folder: SourceFolder, skipsBad: Bool) {
    self.format = format
    self.folder = folder
    self.skipsBad = skipsBad
  }

  /// Goes through a file.
  ///
  /// - Returns: why lines will be left out, by their numbers, if that is what is done with bad ones.
  /// - Throws: `invalidInput` that names the first bad line; `notFound` or `system` if the file cannot be read.
  static func run(
    _ path: String, _ format: PromptFileFormat, _ folder: SourceFolder, skipsBad: Bool
  ) throws -> [Int: String] {
    var check = PromptFileCheck(format, folder, skipsBad: skipsBad)
    let file = try RegularFile.open(path).file
    var splitter = RecordSplitter(quotesHoldLineEnds: format == .csv)
    while let piece = try file.read(upToCount: 1 << 18), !piece.isEmpty {
      try splitter.consume(piece) { try check.look(at: $0) }
      // At once: its end may be gigabytes away.
      if let line = splitter.tooLongLine, !skipsBad { throw Self.refusal(line, Self.tooLong) }
    }
    try splitter.finish { try check.look(at: $0) }
    return check.refused
  }

  private mutating func look(at record: RecordSplitter.Record) throws {
    switch record {
    case .tooLong(let line):
      if !skipsBad { throw Self.refusal(line, Self.tooLong) }
    case .bytes(let bytes, let line):
      guard format == .jsonl else { return }
      do throws(AtelierError) {
        for source in SourceFields.sources(inLine: bytes) where !known.contains(source) {
          _ = try folder.open(source)
          known.insert(source)
        }
      } catch {
        guard skipsBad else { throw Self.refusal(line, error.message) }
        if refused.count < Self.mostRefused { refused[line] = error.message }
      }
    }
  }

  private static let tooLong = "It is longer than \(RecordSplitter.longestRecord) bytes. Divide it, or leave it out."

  /// The error of a line that refuses the file.
  static func refusal(_ line: Int, _ reason: String) -> AtelierError {
    AtelierError(.invalidInput, "Line \(line) is refused, so nothing was accepted: \(reason)")
  }
}
