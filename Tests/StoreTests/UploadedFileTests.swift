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
    #expect(try sources.size(of: a) == nil)
  }

  @Test func `a file that somebody asked for stays for another day`() throws {
    let file = try add("a")
    #expect(sources.remove(unnamed: [file], at: now).isEmpty)
    #expect(try sources.size(of: file) == 1)
    #expect(sources.remove(unnamed: [file], at: hours(25)).isEmpty)
    #expect(try sources.size(of: file) == 1)
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

  @Test func `only a file that does not exist or has another digest is lost; any other trouble is the system's`() throws
  {
    let (missing, damaged, unreadable) = (String(repeating: "0", count: 64), try add("a"), try add("b"))
    func path(_ digest: String) -> String { "\(folder.path)/sources/\(digest.prefix(2))/\(digest)" }
    try Data([1]).write(to: URL(fileURLWithPath: path(damaged)))
    // A link to itself: like a disk that fails, it says nothing of the file. Permissions would not stop root.
    try FileManager.default.removeItem(atPath: path(unreadable))
    try FileManager.default.createSymbolicLink(atPath: path(unreadable), withDestinationPath: path(unreadable))
    for (digest, code) in [(missing, AtelierError.Code.notFound), (damaged, .malformed), (unreadable, .system)] {
      let error = #expect(throws: AtelierError.self) { try sources.read(digest) }
      #expect(error?.code == code, "\(error?.message ?? "")")
    }
    let error = #expect(throws: AtelierError.self) { try sources.size(of: unreadable) }
    #expect(error?.code == .system)
    #expect(error?.message.contains(unreadable) == true)
  }
}
