import Foundation
import Shared

/// A job's `manifest.jsonl`, as `atelier fetch` writes it: a ``ManifestLine`` as JSON for each image.
struct ManifestFile {
  /// What the file is called.
  static let name = "manifest.jsonl"

  let path: String

  /// The lines of one item.
  ///
  /// - Parameters:
  ///   - item: the item's index in the job, from 0.
  ///   - index: which of its pictures, from 0; all for nil.
  /// - Throws: `notFound` if there is no such file, item or picture, `invalidInput` if it is no regular file,
  ///   `malformed` that names the line.
  func lines(item: Int?, index: Int?) throws -> [ManifestLine] {
    let file = try RegularFile.open(path).file
    var found: [ManifestLine] = []
    // A line at a time: a manifest of a million pictures has a gigabyte.
    var splitter = RecordSplitter(quotesHoldLineEnds: false)
    func take(_ record: RecordSplitter.Record) throws {
      // A longer line is of a scoring, which makes no picture.
      guard case .bytes(let bytes, let number) = record, !bytes.isEmpty else { return }
      let line: ManifestLine
      do {
        line = try JSONCoding.decode(ManifestLine.self, from: Data(bytes))
      } catch {
        throw AtelierError(
          .malformed, "Line \(number) of '\(path)' is no line of a manifest that this version wrote.", cause: error)
      }
      if line.item == item, index == nil || line.index == index { found.append(line) }
    }
    while let piece = try file.read(upToCount: 1 << 18), !piece.isEmpty { try splitter.consume(piece, take) }
    try splitter.finish(take)
    guard !found.isEmpty else {
      let picture = index.map { "picture \($0) of " } ?? ""
      throw AtelierError(.notFound, "'\(path)' has no \(picture)item \(item.map(String.init) ?? "").")
    }
    return found
  }
}
