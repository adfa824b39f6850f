import Foundation
import Shared

/// A job's `manifest.jsonl`, as `atelier fetch` writes it: a ``ManifestLine`` as JSON for each image.
struct ManifestFile {
  let path: String

  /// The lines of one item.
  ///
  /// - Parameters:
  ///   - item: the item's index in the job, from 0.
  ///   - index: which of its pictures, from 0; all for nil.
  /// - Throws: `notFound` if there is no such file, item or picture, `malformed` that names the line.
  func lines(item: Int?, index: Int?) throws -> [ManifestLine] {
    guard let text = FileManager.default.contents(atPath: path) else {
      throw AtelierError(.notFound, "Cannot read '\(path)': there is no such file, or no permission.")
    }
    var found: [ManifestLine] = []
    for (number, bytes) in text.split(separator: UInt8(ascii: "\n")).enumerated() {
      let line: ManifestLine
      do {
        line = try JSONCoding.decode(ManifestLine.self, from: Data(bytes))
      } catch {
        throw AtelierError(
          .malformed, "Line \(number + 1) of '\(path)' is no line of a manifest that this version wrote.", cause: error)
      }
      if line.item == item, index == nil || line.index == index { found.append(line) }
    }
    guard !found.isEmpty else {
      let picture = index.map { "picture \($0) of " } ?? ""
      throw AtelierError(.notFound, "'\(path)' has no \(picture)item \(item.map(String.init) ?? "").")
    }
    return found
  }
}
