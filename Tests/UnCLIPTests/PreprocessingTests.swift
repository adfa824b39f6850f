import Foundation
import Imaging
import Testing

@testable import UnCLIP

/// Picture files of every kind, as the reference's preprocessing shows them to the image encoder
/// (Fixtures/reference/preprocessing.py).
@Suite("Preprocessing")
struct PreprocessingTests {
  private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
  private static let folder = tests.path() + "Fixtures/preprocessing"
  private static let configurations: [String: JSONValue] =
    (try? JSONValue.object(ofFile: folder + "/configurations.json")) ?? [:]

  private struct Shown {
    let file: String
    let picture: RGBImage
  }

  @Test("There are configurations and pictures of all kinds")
  func fixtures() throws {
    #expect(Self.configurations.count >= 13)
    #expect(try Self.shown("edge").count >= 28)
  }

  @Test("A PNG is shown to the value, a JPEG within 1/255", arguments: configurations.keys.sorted())
  func files(configuration: String) throws {
    guard case .object(let values)? = Self.configurations[configuration] else {
      throw UnCLIPError(.malformed, "'\(configuration)' is no object.")
    }
    let preprocessor = try ImagePreprocessor(Config(path: configuration, values: values))
    for shown in try Self.shown(configuration) {
      let cut = try preprocessor.cut(try Self.read(shown.file))
      #expect(cut.width == shown.picture.width && cut.height == shown.picture.height, "\(shown.file)")
      let worst = zip(cut.pixels, shown.picture.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
      #expect(worst <= (shown.file.hasSuffix(".png") ? 0 : 1), "\(shown.file)")
    }
  }

  @Test("Of several keys of a size that are not known the same one is named each time")
  func unknownKeys() throws {
    let size = Dictionary(uniqueKeysWithValues: (10..<40).map { ("k\($0)", JSONValue.integer(1)) })
    let error = #expect(throws: UnCLIPError.self) {
      try ImagePreprocessor(Config(path: "config.json", values: ["size": .object(size)]))
    }
    #expect(error?.message.contains("'k10'") == true, "\(error?.message ?? "")")
  }

  /// What the reference showed of every file under one configuration.
  private static func shown(_ configuration: String) throws -> [Shown] {
    let store = try WeightStore(folder: folder)
    return try store.names.filter { $0.hasSuffix(":" + configuration) }.map { name in
      let shape = try #require(store.shape(of: name))
      var pixels: [UInt8] = []
      store.withBytes(of: name) { pixels = Array($0) }
      return Shown(
        file: String(name.dropLast(configuration.count + 1)),
        picture: RGBImage(width: shape[1], height: shape[0], pixels: Array(pixels)))
    }
  }

  private static func read(_ file: String) throws -> RGBImage {
    let here = "\(folder)/\(file)"
    let other = tests.deletingLastPathComponent().path() + "ImagingTests/Fixtures/decode/\(file)"
    let path = FileManager.default.fileExists(atPath: here) ? here : other
    return try PictureFile.decode(Array(Data(contentsOf: URL(filePath: path))))
  }
}
