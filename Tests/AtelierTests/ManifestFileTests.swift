import Foundation
import Shared
import TestSupport
import Testing

@testable import atelier

/// A job's manifest, from which pictures are made again.
@Suite struct ManifestFileTests {
  private let folder: TemporaryFolder
  private let manifest: ManifestFile

  /// Three items of two pictures.
  init() throws {
    folder = try TemporaryFolder()
    var text = ""
    for place in 0..<6 {
      var line = Facts.line
      line.item = place / 2
      line.index = place % 2
      text += String(decoding: try JSONCoding.encode(line), as: UTF8.self) + "\n"
    }
    manifest = ManifestFile(path: try folder.write(text, to: "manifest.jsonl"))
  }

  @Test func `an item is all of its pictures, or one of them`() throws {
    #expect(try manifest.lines(item: 1, index: nil).map(\.index) == [0, 1])
    let one = try manifest.lines(item: 2, index: 1)
    #expect(one.map(\.item) == [2])
    #expect(one.map(\.index) == [1])
    #expect(one.first?.parameters == Facts.line.parameters)
    #expect(one.first?.seed == UInt64.max)
  }

  @Test(
    arguments: [(3, nil, "has no item 3."), (1, 2, "has no picture 2 of item 1.")] as [(Int, Int?, String)])
  func `what a manifest has not is named`(item: Int, index: Int?, reason: String) {
    let error = #expect(throws: AtelierError.self) { _ = try manifest.lines(item: item, index: index) }
    #expect(error?.code == .notFound)
    #expect(error?.message == "'\(manifest.path)' \(reason)")
  }

  @Test func `a line that is none is named by its number`() throws {
    let text = try String(contentsOfFile: manifest.path, encoding: .utf8)
    let first = try #require(text.split(separator: "\n").first)
    let broken = ManifestFile(path: try folder.write("\(first)\n{\"job\": \"job-a\"}\n", to: "broken.jsonl"))
    let error = #expect(throws: AtelierError.self) { _ = try broken.lines(item: 0, index: nil) }
    #expect(error?.code == .malformed)
    #expect(error?.message.hasPrefix("Line 2 of '\(broken.path)' is no line of a manifest") == true)
  }

  @Test(.timeLimit(.minutes(1)))
  func `a line is read at a time, and what has no end is not read`() throws {
    // Of a scoring of many pictures, which nobody can ask for again.
    let text = try String(contentsOfFile: manifest.path, encoding: .utf8)
    let long = String(repeating: "x", count: RecordSplitter.longestRecord + 1)
    let mixed = ManifestFile(path: try folder.write(long + "\n" + text, to: "mixed.jsonl"))
    #expect(try mixed.lines(item: 2, index: 1).count == 1)
    let endless = #expect(throws: AtelierError.self) {
      _ = try ManifestFile(path: "/dev/zero").lines(item: 0, index: nil)
    }
    #expect(endless?.code == .invalidInput)
  }

  @Test func `a manifest that is not there is not found`() {
    let error = #expect(throws: AtelierError.self) { _ = try ManifestFile(path: "/nowhere").lines(item: 0, index: nil) }
    #expect(error?.code == .notFound)
    #expect(error?.message.hasPrefix("Cannot read '/nowhere'") == true)
  }
}
