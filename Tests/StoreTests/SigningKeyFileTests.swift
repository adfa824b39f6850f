import Foundation
import Shared
import TestSupport
import Testing

@testable import Store

/// The key that manifests are signed with, on the coordinator's disk.
@Suite struct SigningKeyFileTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path + "/keys/manifest-signing"
  }

  private func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test func `a key is made once, and nobody else may read it`() throws {
    let key = try SigningKeyFile.open(dataFolder: folder.path)
    #expect(try SigningKeyFile.open(dataFolder: folder.path).text == key.text)
    #expect(try mode(path) == 0o600)
    #expect(try mode(folder.path + "/keys") == 0o700)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/keys") == ["manifest-signing"])
  }

  @Test func `a key that others may read is not used`() throws {
    _ = try SigningKeyFile.open(dataFolder: folder.path)
    chmod(path, 0o644)
    let error = #expect(throws: AtelierError.self) { _ = try SigningKeyFile.open(dataFolder: folder.path) }
    #expect(error?.message.contains("others may read it") == true)
    chmod(path, 0o600)
    _ = try SigningKeyFile.open(dataFolder: folder.path)
  }

  @Test func `a file that holds no key is left as it is`() throws {
    _ = try SigningKeyFile.open(dataFolder: folder.path)
    try Data("half a k".utf8).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: AtelierError.self) { _ = try SigningKeyFile.open(dataFolder: folder.path) }
    #expect(error?.code == .malformed)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "half a k")
  }
}
