import Foundation
import Shared
import Store
import TestSupport
import Testing

@Suite struct PictureFolderTests {
  @Test func `a picture is whole under its name and nothing else is left`() throws {
    let folder = try TemporaryFolder()
    let pictures = try PictureFolder(dataFolder: folder.path)
    let name = PictureFolder.name(job: JobID("job-x"), item: 12_345, index: 2)
    #expect(name == "job-x/0012/012345-2.png")
    for bytes in [[1, 2, 3], [1, 2, 3, 4]] as [[UInt8]] {
      let staged = try #require(try pictures.stage([bytes]).first)
      try pictures.sync([pictures.place(staged, name: name)])
      pictures.discard(staged)
    }
    let sha256 = hexadecimal(Artifact(kind: .picture, type: .png, shape: [], bytes: [1, 2, 3, 4]).sha256)
    #expect(try pictures.check(name, sha256: sha256).get() == Data([1, 2, 3, 4]))
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/pictures/job-x/0012")
    #expect(left == ["012345-2.png"])
    // Many at once, none of which is wanted.
    let many = try pictures.stage((0..<20).map { [UInt8($0)] })
    #expect(Set(many).count == 20)
    for staged in many { pictures.discard(staged) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/pictures/.incoming").isEmpty)
  }

  @Test func `the folder of what comes in is made again, and a second place finds the first`() throws {
    let folder = try TemporaryFolder()
    let pictures = try PictureFolder(dataFolder: folder.path)
    try FileManager.default.removeItem(atPath: folder.path + "/pictures")
    let staged = try #require(try pictures.stage([[1, 2]]).first)
    let name = PictureFolder.name(job: JobID("job-x"), item: 0, index: 0)
    for _ in 0..<2 { try pictures.sync([pictures.place(staged, name: name)]) }
    #expect(FileManager.default.contents(atPath: folder.path + "/pictures/" + name) == Data([1, 2]))
  }

  @Test func `pictures that were set aside make room at once, and go also after a restart`() throws {
    let folder = try TemporaryFolder()
    let pictures = try PictureFolder(dataFolder: folder.path)
    let job = JobID("job-x")
    let name = PictureFolder.name(job: job, item: 0, index: 0)
    func place(_ bytes: [UInt8]) throws {
      try pictures.sync([pictures.place(#require(try pictures.stage([bytes]).first), name: name)])
    }
    try place([1])
    try pictures.setAside(job)
    try pictures.syncRemovals()
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/pictures/job-x"))
    try place([2])
    // Another coordinator, since the first was killed here.
    try PictureFolder(dataFolder: folder.path).emptyRemoved()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/pictures/.removed").isEmpty)
    #expect(FileManager.default.contents(atPath: folder.path + "/pictures/" + name) == Data([2]))
    try pictures.setAside(JobID("job-none"))
  }

  @Test func `a missing picture is an error that names it`() throws {
    let folder = try TemporaryFolder()
    let pictures = try PictureFolder(dataFolder: folder.path)
    let error = #expect(throws: AtelierError.self) { try pictures.check("none.png", sha256: "").get() }
    #expect(error?.message.contains("none.png' is missing") == true)
  }

  @Test func `a picture that cannot be read now is not called lost`() throws {
    let folder = try TemporaryFolder()
    let pictures = try PictureFolder(dataFolder: folder.path)
    let path = folder.path + "/pictures/loop.png"
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
    let error = #expect(throws: AtelierError.self) { _ = try pictures.check("loop.png", sha256: "") }
    #expect(error?.systemError == ELOOP)
    // What is lost is an answer, not an error.
    #expect(throws: Never.self) { _ = try pictures.check("none.png", sha256: "") }
  }
}
