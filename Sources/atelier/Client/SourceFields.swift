import Foundation
import Shared

/// The fields of a prompt file's line that name files.
enum SourceFields {
  private static let single = ["image", "mask", "embedding"]
  private static let lists = ["images"]
  private static let ends = ["from", "to"]

  /// Whether a line may name a file, told without parsing it.
  static func mayName(_ line: String) -> Bool {
    (single + lists).contains { line.contains("\"\($0)\"") }
  }

  static func object(_ line: String) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
  }

  /// The files that are named and not uploaded yet.
  static func files(in object: [String: Any]) -> [String] {
    var files = single.compactMap { object[$0] as? String }
    for key in lists { files += object[key] as? [String] ?? [] }
    for key in ends { files += (object[key] as? [String: Any]).map { SourceFields.files(in: $0) } ?? [] }
    files += (object["body"] as? [String: Any]).map { SourceFields.files(in: $0) } ?? []
    return files.filter { SourceFile($0).digest == nil }
  }

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
