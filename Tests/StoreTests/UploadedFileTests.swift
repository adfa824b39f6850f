import Foundation
import Shared
import Store
import TestSupport
import Testing

/// The files that requests came with.
@Suite struct UploadedFileTests {
  private let folder: TemporaryFolder
  private let sources: SourceFolder
  private let now = ContinuousClock.now

  init() throws {
    folder = try TemporaryFolder()
    sources = try SourceFolder(dataFolder: folder.path)
  }

  private func add(_ text: String) throws -> String {
    let digest = hexadecimal(
      Artifact(kind: .source, type: .uint8, shape: [text.utf8.count], bytes: Array(text.utf8)).sha256)
    try sources.write(Array(text.utf8), digest: digest)
    return digest
  }

  private func hours(_ count: Int) -> ContinuousClock.Instant { now + .seconds(3600 * count) }

  @Test func `a file that no request names goes a day after it was found so`() throws {
    let (a, b) = (try add("a"), try add("b"))
    #expect(Set(sources.list()) == [a, b])
    #expect(sources.remove(unnamed: [a], at: now).isEmpty)
    #expect(sources.remove(unnamed: [a], at: hours(23)).isEmpty)
    #expect(sources.remove(unnamed: [a], at: hours(25)) == [a])
    #expect(sources.list() == [b])
    #expect(!sources.has(a))
  }

  @Test func `a file that somebody asked for stays for another day`() throws {
    let file = try add("a")
    #expect(sources.remove(unnamed: [file], at: now).isEmpty)
    #expect(sources.has(file))
    #expect(sources.remove(unnamed: [file], at: hours(25)).isEmpty)
    #expect(sources.has(file))
  }

  @Test func `what was left of an upload that was cut off goes at the next start`() throws {
    let file = try add("a")
    let aside = folder.path + "/sources/.incoming/17"
    let part = folder.path + "/sources/\(file.prefix(2))/\(file).17.part"
    for path in [aside, part] { try Data([1, 2]).write(to: URL(fileURLWithPath: path)) }
    let again = try SourceFolder(dataFolder: folder.path)
    #expect(again.list() == [file])
    for path in [aside, part] { #expect(!FileManager.default.fileExists(atPath: path)) }
    #expect(try again.read(file).bytes == Array("a".utf8))
  }
}
