import Foundation
import Shared
import TestSupport
import Testing

/// The keys that manifests are signed with, on the coordinator's disk.
@Suite struct ManifestKeysTests {
  private let place: TemporaryFolder
  private let folder: KeyFolder
  private let path: String

  init() throws {
    place = try TemporaryFolder()
    folder = try KeyFolder(place.path + "/keys")
    path = folder.path + "/manifest-signing"
  }

  private func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test func `a key is made once, and nobody else may read it`() throws {
    let keys = try ManifestKeys(in: folder)
    #expect(try ManifestKeys(in: folder).signing.text == keys.signing.text)
    #expect(keys.retired.isEmpty)
    #expect(try mode(path) == 0o600)
    #expect(try mode(folder.path) == 0o700)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["manifest-signing"])
  }

  @Test func `a key that others may read is not used`() throws {
    _ = try ManifestKeys(in: folder)
    chmod(path, 0o644)
    let error = #expect(throws: AtelierError.self) { _ = try ManifestKeys(in: folder) }
    #expect(error?.message.contains("others may read it") == true)
    chmod(path, 0o600)
    _ = try ManifestKeys(in: folder)
  }

  @Test func `a file that holds no key is left as it is`() throws {
    _ = try ManifestKeys(in: folder)
    try folder.write(Data("half a k".utf8), to: "manifest-signing")
    let error = #expect(throws: AtelierError.self) { _ = try ManifestKeys(in: folder) }
    #expect(error?.code == .malformed)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "half a k")
  }

  @Test func `a new key signs from now on, and of the old ones the public halves are kept`() throws {
    let first = try ManifestKeys(in: folder)
    let second = try first.rotated(in: folder, at: Date(timeIntervalSince1970: 1000))
    let third = try second.rotated(in: folder, at: Date(timeIntervalSince1970: 2000))
    #expect(Set([first, second, third].map(\.signing.text)).count == 3)
    let read = try ManifestKeys(in: folder)
    #expect(read.signing.text == third.signing.text)
    #expect(read.retired.map(\.publicKey) == [second, first].map(\.signing.publicKey.text))
    #expect(read.retired.map(\.until.timeIntervalSince1970) == [2000, 1000])
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let text = try String(contentsOfFile: folder.path + "/" + name, encoding: .utf8)
      #expect(!text.contains(first.signing.text) && !text.contains(second.signing.text), "\(name)")
    }
  }

  @Test func `a change that was cut off between its files has not happened`() throws {
    let first = try ManifestKeys(in: folder)
    _ = try first.rotated(in: folder, at: Date())
    try folder.write(Data(first.signing.text.utf8), to: "manifest-signing")
    let read = try ManifestKeys(in: folder)
    #expect(read.signing.text == first.signing.text)
    #expect(read.retired.isEmpty)
  }

  @Test func `several keys are read as they are printed`() throws {
    let keys = [SigningKey(), SigningKey()].map(\.publicKey)
    #expect(try VerifyingKey.list(text: keys.map(\.text).joined(separator: "\n") + "\n") == keys)
    #expect(try VerifyingKey.list(text: keys.map(\.pem).joined()) == keys)
    #expect(try VerifyingKey.list(text: keys[0].text) == [keys[0]])
    for text in ["", "\n", keys[0].text + "\nno key"] {
      #expect(throws: AtelierError.self) { _ = try VerifyingKey.list(text: text) }
    }
  }
}
