import Foundation
import Imaging
import Tensor
import TestSupport
import Testing

@testable import UnCLIP

/// Every key of the configurations is honoured, refused by name and value, or without effect. The table, checked
/// against the reference where it is written, is Fixtures/keys.json (Fixtures/reference/keys.py); that honoured keys
/// are honoured is shown by ParityTests on the models that set them.
@Suite("Configuration keys")
struct ConfigurationKeysTests {
  private struct Row: Sendable, CustomStringConvertible {
    let type: String
    let part: String
    let key: String
    let values: [String: JSONValue]

    var description: String { "\(type).\(key)" }
  }

  private static let rows: [Row] = {
    let path = URL(filePath: #filePath).deletingLastPathComponent().path() + "Fixtures/keys.json"
    let table = (try? JSONValue.object(ofFile: path)) ?? [:]
    return table.sorted { $0.key < $1.key }.flatMap { type, value -> [Row] in
      guard case .object(let class_) = value, case .string(let part)? = class_["part"],
        case .object(let keys)? = class_["keys"]
      else { return [] }
      return keys.sorted { $0.key < $1.key }.compactMap { key, value in
        guard case .object(let values) = value else { return nil }
        return Row(type: type, part: part, key: key, values: values)
      }
    }
  }()

  private static let refusals: [(Row, JSONValue)] = rows.flatMap { row -> [(Row, JSONValue)] in
    guard case .array(let values)? = row.values["refused"] else { return [] }
    return values.map { (row, $0) }
  }

  @Test("The table has all eight classes")
  func table() {
    #expect(Set(Self.rows.map { $0.type }).count == 8)
    #expect(Self.rows.count > 130 && Self.refusals.count > 100)
  }

  @Test("A value that is not computed is refused by key and value", arguments: refusals)
  private func refused(_ row: Row, _ value: JSONValue) throws {
    let error = #expect(throws: UnCLIPError.self) { try Self.load(row.part, [row.key: value]) }
    let message = error?.message ?? ""
    // A list or an object may be refused for what is in it.
    let named: [String] =
      switch value {
      case .object(let values): values.keys.sorted() + ["size"]
      default: [row.key]
      }
    #expect(named.contains { message.contains("'\($0)' is ") }, "\(message)")
    if case .object = value { return }
    #expect(message.contains("'\(row.key)' is \(value.text)"), "\(message)")
  }

  @Test("A value without effect does not stand in the way", arguments: rows.filter { $0.values["ineffective"] != nil })
  private func ineffective(_ row: Row) throws {
    try Self.load(row.part, [row.key: try #require(row.values["ineffective"])])
  }

  @Test(
    "A configuration of another class is refused",
    arguments: [
      ("prior", "_class_name"), ("text_proj", "_class_name"), ("decoder", "_class_name"),
      ("super_res_last", "_class_name"), ("decoder_scheduler", "_class_name"), ("text_encoder", "model_type"),
      ("image_encoder", "model_type"), ("feature_extractor", "image_processor_type"),
    ])
  func foreign(part: String, key: String) throws {
    let error = #expect(throws: UnCLIPError.self) { try Self.load(part, [key: .string("Other")]) }
    #expect(error?.message.contains("'\(key)' is \"Other\"") == true, "\(error?.message ?? "")")
  }

  @Test("The untouched parts can be loaded", arguments: Set(rows.map { $0.part }).sorted())
  func untouched(part: String) throws { try Self.load(part, [:]) }

  /// Builds a part of a committed model from its weights and a changed configuration.
  private static func load(_ name: String, _ changes: [String: JSONValue]) throws {
    let fixture = try #require(Fixture.all.first { $0.name == "narrow" })
    let original = try fixture.model.part(name).config
    let changed = try Changed(
      name, folder: fixture.path + "/" + name, file: original.path,
      values: original.values.merging(changes) { $1 })
    let part = changed.part
    switch name {
    case "text_encoder": _ = try CLIPTextEncoder(part)
    case "image_encoder": _ = try CLIPImageEncoder(part)
    case "prior": _ = try PriorTransformer(part)
    case "text_proj": _ = try TextProjection(part)
    case "decoder": _ = try UNet(part.weights, configuration: UNetConfiguration(decoder: part.config))
    case "super_res_first", "super_res_last":
      _ = try UNet(part.weights, configuration: UNetConfiguration(upsampler: part.config))
    case "feature_extractor": _ = try ImagePreprocessor(part.config)
    default: _ = try UnCLIPScheduler(part.config)
    }
  }

  /// A part's folder with other values in its configuration.
  private struct Changed {
    let part: ModelPart
    private let folder: TemporaryFolder

    init(_ name: String, folder source: String, file: String, values: [String: JSONValue]) throws {
      folder = try TemporaryFolder()
      let copy = folder.path + "/" + name
      try FileManager.default.copyItem(atPath: source, toPath: copy)
      let target = copy + "/" + URL(filePath: file).lastPathComponent
      try JSONValue.object(values).canonical.write(toFile: target, atomically: false, encoding: .utf8)
      part = try ModelPart(name: name, folder: copy)
    }
  }
}
