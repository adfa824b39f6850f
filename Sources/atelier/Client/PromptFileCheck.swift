import Foundation
import Shared

/// Looks through a prompt file before anything of it is sent: for lines that are too long, and files that must not be
/// uploaded or cannot be used. In memory stands one line with its pictures, however long the file's are.
struct PromptFileCheck {
  private let format: PromptFileFormat
  /// Whether bad lines are left out, rather than refuse the file.
  private let skipsBad: Bool
  private var pictures: PictureCheck
  private var refused = RefusedLines()

  private init(_ format: PromptFileFormat, _ folder: SourceFolder, skipsBad: Bool) {
    self.format = format
    pictures = PictureCheck(folder)
    self.skipsBad = skipsBad
  }

  /// Goes through a file.
  ///
  /// - Returns: the lines that are to be left out, if that is what is done with bad ones.
  /// - Throws: `invalidInput` that names the first bad line; `notFound` or `system` if the file cannot be read.
  static func run(
    _ path: String, _ format: PromptFileFormat, _ folder: SourceFolder, skipsBad: Bool
  ) throws -> RefusedLines {
    var check = PromptFileCheck(format, folder, skipsBad: skipsBad)
    let file = try RegularFile.open(path).file
    var splitter = RecordSplitter(quotesHoldLineEnds: format == .csv)
    while let piece = try file.read(upToCount: 1 << 18), !piece.isEmpty {
      try splitter.consume(piece) { try check.look(at: $0) }
      // At once: its end may be gigabytes away.
      if let line = splitter.tooLongLine, !skipsBad { throw Self.refusal(line, PromptFileParser.tooLong(format)) }
    }
    try splitter.finish { try check.look(at: $0) }
    return check.refused
  }

  private mutating func look(at record: RecordSplitter.Record) throws {
    switch record {
    case .tooLong(let line):
      if !skipsBad { throw Self.refusal(line, PromptFileParser.tooLong(format)) }
    case .bytes(let bytes, let line):
      guard format == .jsonl else { return }
      do throws(AtelierError) {
        guard let object = SourceFields.object(inLine: bytes) else { return }
        try pictures.check(SourceFields.sources(in: object), edit: SourceFields.edit(in: object))
      } catch {
        guard skipsBad else { throw Self.refusal(line, error.message) }
        refused.add(line, error.message)
      }
    }
  }

  /// The error of a line that refuses the file.
  static func refusal(_ line: Int, _ reason: String) -> AtelierError {
    AtelierError(.invalidInput, "Line \(line) is refused, so nothing was accepted: \(reason)")
  }
}
