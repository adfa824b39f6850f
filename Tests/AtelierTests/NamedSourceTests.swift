import Foundation
import Shared
import TestSupport
import Testing

@testable import atelier

/// The files that a manifest's line names, found again.
@Suite struct NamedSourceTests {
  private let folder: TemporaryFolder

  /// Three files of one name, in three folders.
  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path + "/b/c", withIntermediateDirectories: true)
    for name in ["a.png", "b/a.png", "b/c/a.png"] { _ = try folder.write(name, to: name) }
  }

  private func read(_ text: String, name: String = "a.png") throws -> String {
    let digest = hexadecimal(Artifact(source: Array(text.utf8)).sha256)
    let file = SourceFile(digest: digest, name: name)
    return String(decoding: try NamedSource(file, digest).read(in: folder.path).bytes, as: UTF8.self)
  }

  @Test(arguments: ["a.png", "b/a.png", "b/c/a.png"])
  func `of several files of one name the one with the digest is taken`(text: String) throws {
    #expect(try read(text) == text)
  }

  @Test func `a file that is only in a folder below is found`() throws {
    _ = try folder.write("deep", to: "b/c/deep.png")
    #expect(try read("deep", name: "deep.png") == "deep")
  }

  @Test func `another file under the name is refused, and none is not found`() throws {
    let other = #expect(throws: AtelierError.self) { _ = try read("other") }
    #expect(other?.code == .invalidInput)
    #expect(other?.message.contains("is not the file that the request named") == true)
    let none = #expect(throws: AtelierError.self) { _ = try read("none", name: "none.png") }
    #expect(none?.code == .notFound)
    // Also where one of that name is below, but is another.
    _ = try folder.write("below", to: "b/below.png")
    let below = #expect(throws: AtelierError.self) { _ = try read("other", name: "below.png") }
    #expect(below?.code == .notFound)
  }
}
