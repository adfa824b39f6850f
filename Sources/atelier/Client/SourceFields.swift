import Foundation
import Shared

/// The fields of a prompt file's line that name files: found in the JSON as it stands, so that all other fields, known
/// or not, reach the coordinator untouched.
enum SourceFields {
  /// A file that a line names.
  struct Source: Hashable, Sendable {
    /// As the line has it.
    let file: String
    /// What it must be, by the field that names it.
    let kind: SourceKind
  }

  /// The files of an edit.
  struct Edit: Hashable, Sendable {
    let image: String
    let mask: String?
  }

  /// Fields whose value is a file; the ends of an interpolation have one each.
  private static let single: [(name: String, kind: SourceKind)] = [
    ("image", .picture), ("mask", .picture), ("embedding", .embedding),
  ]
  /// Fields whose value is a list of pictures.
  private static let lists = ["images"]
  /// Fields that may be an object with such fields.
  private static let ends = ["from", "to"]

  /// Whether a line may name a file, told without parsing it: true also where such a word stands elsewhere in it.
  static func mayName(_ line: String) -> Bool {
    (single.map(\.name) + lists).contains { line.contains("\"\($0)\"") }
  }

  /// A line as a JSON object; nil if it is none, which the coordinator tells with the line's number.
  static func object(_ line: String) -> [String: Any]? {
    // Of a key that is there twice one would be lost here; untouched, the line is refused by its number.
    guard (try? JSONStrings.check(line)) != nil else { return nil }
    return (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
  }

  /// The files that are named by their paths, those of an OpenAI batch line's `body` too.
  static func sources(in object: [String: Any]) -> [Source] {
    var sources = single.compactMap { field in
      (object[field.name] as? String).map { Source(file: $0, kind: field.kind) }
    }
    for key in lists { sources += (object[key] as? [String] ?? []).map { Source(file: $0, kind: .picture) } }
    for key in ends + ["body"] {
      sources += (object[key] as? [String: Any]).map { SourceFields.sources(in: $0) } ?? []
    }
    return sources.filter { SourceFile($0.file).digest == nil }
  }

  /// The files that a line names; none for one that is no JSON object.
  static func sources(inLine line: [UInt8]) -> [Source] { object(inLine: line).map(sources(in:)) ?? [] }

  /// A line as a JSON object, if it may name a file.
  static func object(inLine line: [UInt8]) -> [String: Any]? {
    let text = String(decoding: line, as: UTF8.self)
    return mayName(text) ? object(text) : nil
  }

  /// The files of an edit that a line asks for; nil for another kind, or if one is named by its digest.
  static func edit(in object: [String: Any]) -> Edit? {
    let fields = object["body"] as? [String: Any] ?? object
    guard fields["kind"] as? String == PictureOperation.Kind.edit.rawValue, let image = fields["image"] as? String
    else { return nil }
    let edit = Edit(image: image, mask: fields["mask"] as? String)
    return [edit.image, edit.mask].allSatisfy { $0.map { SourceFile($0).digest == nil } ?? true } ? edit : nil
  }

  /// Names a file by another name, wherever the line names it.
  static func replace(_ file: String, by name: String, in object: inout [String: Any]) {
    for (key, _) in single where object[key] as? String == file { object[key] = name }
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
