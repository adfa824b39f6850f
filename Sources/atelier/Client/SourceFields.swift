import Foundation
import Shared

/// The fields of a prompt file's line that name files: found in the JSON as it stands, so that all other fields, known
/// or not, reach the coordinator untouched.
enum SourceFields {
  /// Fields whose value is a file; the ends of an interpolation have one each.
  private static let single = ["image", "mask", "embedding"]
  private static let lists = ["images"]
  /// Fields that may be an object with such fields.
  private static let ends = ["from", "to"]

  /// Whether a line may name a file, told without parsing it: true also where such a word stands elsewhere in it.
  static func mayName(_ line: String) -> Bool {
    (single + lists).contains { line.contains("\"\($0)\"") }
  }

  /// A line as a JSON object; nil if it is none, which the coordinator tells with the line's number.
  static func object(_ line: String) -> [String: Any]? {
    // Of a key that is there twice one would be lost here; untouched, the line is refused by its number.
    guard (try? JSONStrings.check(line)) != nil else { return nil }
    return (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
  }

  /// The files that are named by their paths, those of an OpenAI batch line's `body` too.
  static func files(in object: [String: Any]) -> [String] {
    var files = single.compactMap { object[$0] as? String }
    for key in lists { files += object[key] as? [String] ?? [] }
    for key in ends { files += (object[key] as? [String: Any]).map { SourceFields.files(in: $0) } ?? [] }
    files += (object["body"] as? [String: Any]).map { SourceFields.files(in: $0) } ?? []
    return files.filter { SourceFile($0).digest == nil }
  }

  /// Names a file by another name, wherever the line names it.
  static func replace(_ file: String, by name: String, in object: inout [String: Any]) {
    for key in single where object[key] as? String == file { object[key] = name }
    for key in lists {
      if let list = object[key] as? [String] { object[key] = list.map { $0 == file ? name : $0 } }
    }
    for key in ends + ["body"] {
      guard var inner = object[key] as? [String: Any] else { continue }
      replace(file, by: name, in: &inner)
      object[key] = inner
    }
  }
}
