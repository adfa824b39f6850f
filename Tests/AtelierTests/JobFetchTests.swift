import Foundation
import Shared
import Synchronization
import TestSupport
import Testing

@testable import atelier

/// A job's pictures on their way to a folder.
@Suite struct JobFetchTests {
  private let folder: TemporaryFolder
  private let out: String

  init() throws {
    folder = try TemporaryFolder()
    out = folder.path + "/out"
  }

  private func fetch(_ coordinator: any CoordinatorQuestions, _ job: JobID) async throws -> JobFetch.Fetched {
    try await JobFetch(client: coordinator, job: job, folder: out, quiet: true).run()
  }

  private func manifest() throws -> [ManifestLine] {
    try String(contentsOfFile: out + "/manifest.jsonl", encoding: .utf8).split(separator: "\n")
      .map { try JSONCoding.decode(ManifestLine.self, from: Data($0.utf8)) }
  }

  private func text(_ line: ManifestLine) throws -> String {
    try String(contentsOfFile: out + "/" + #require(line.file), encoding: .utf8)
  }

  /// All in the folder but what says whose it is, and nothing that was on its way.
  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: out).filter { $0 != FetchFolder.marker }.sorted()
  }

  @Test func `pictures are fetched once, damaged ones again, and all are in the manifest`() async throws {
    let coordinator = try FakeCoordinator(job: "job-a", pictures: ["one", "two", "three"])
    let fetched = try await fetch(coordinator, coordinator.job)
    #expect(fetched.pictures == 3)
    #expect(fetched.failed == 0)
    let lines = try manifest()
    #expect(try lines.map(text) == ["one", "two", "three"])
    let files = try lines.map { try #require($0.file) }
    #expect(try names() == (files + ["contact-sheet.png", "manifest.jsonl", "manifest.sig.json"]).sorted())

    try Data("broken".utf8).write(to: URL(fileURLWithPath: out + "/" + files[1]))
    let before = coordinator.asked.count
    _ = try await fetch(coordinator, coordinator.job)
    let again = coordinator.asked.dropFirst(before).filter { $0.contains("/pictures/") }
    #expect(again == ["jobs/job-a/pictures/1/0"])
    #expect(try manifest().map(text) == ["one", "two", "three"])
  }

  @Test(arguments: [AtelierError.Code.system, .notFound, .malformed, .internal])
  func `a picture that cannot be had costs itself only, and is named`(code: AtelierError.Code) async throws {
    let coordinator = try FakeCoordinator(job: "job-a", pictures: ["one", "two", "three"])
    coordinator.refuse("jobs/job-a/pictures/1/0", code, "The picture is damaged.")
    let fetched = try await fetch(coordinator, coordinator.job)
    #expect(fetched.pictures == 2)
    #expect(fetched.failed == 1)
    #expect(fetched.missing.map(\.item) == [1])
    #expect(fetched.missing.map(\.reason) == ["The picture is damaged."])
    // As it was signed.
    let lines = try manifest()
    #expect(lines.map(\.state) == [.completed, .completed, .completed])
    #expect(try names().contains(#require(lines[1].file)) == false)
    #expect(try text(lines[2]) == "three")
  }

  @Test func `bytes that are not those of the digest are no picture`() async throws {
    let coordinator = try FakeCoordinator(job: "job-a", pictures: ["one", "two"])
    coordinator.answer("jobs/job-a/pictures/0/0", Data("other".utf8))
    let fetched = try await fetch(coordinator, coordinator.job)
    #expect(fetched.missing.map(\.item) == [0])
    #expect(fetched.pictures == 1)
    #expect(try names().filter { $0.hasSuffix(".png") }.count == 2)
  }

  @Test func `images that failed are counted beside those that are here`() async throws {
    let coordinator = try FakeCoordinator(job: "job-a", pictures: ["one", nil])
    let fetched = try await fetch(coordinator, coordinator.job)
    #expect(fetched.pictures == 1)
    #expect(fetched.failed == 1)
    #expect(fetched.missing.isEmpty)
  }

  @Test func `pictures that are no longer kept are one error`() async throws {
    let coordinator = try FakeCoordinator(job: "job-a", pictures: ["one", "two", "three"])
    for item in 0..<3 { coordinator.refuse("jobs/job-a/pictures/\(item)/0", .notFound, "No longer kept.") }
    let error = await #expect(throws: AtelierError.self) { _ = try await fetch(coordinator, coordinator.job) }
    #expect(error?.message == "No longer kept.")
    #expect(coordinator.asked.filter { $0.contains("/pictures/") }.count == 1)
  }

  @Test func `another job's files are not written over`() async throws {
    let first = try FakeCoordinator(job: "job-a", pictures: ["one"])
    _ = try await fetch(first, first.job)
    let second = try FakeCoordinator(job: "job-b", pictures: ["other"])
    let error = await #expect(throws: AtelierError.self) { _ = try await fetch(second, second.job) }
    #expect(error?.code == .invalidInput)
    #expect(
      error?.message == "The folder '\(out)' has the pictures of job-a, which are not written over. Name another.")
    #expect(try manifest().map(text) == ["one"])
  }

  @Test(arguments: ["../one.png", "/tmp/one.png", "manifest.jsonl", ".atelier-job", "000000-other.png"])
  func `no coordinator says which files are written`(name: String) async throws {
    let coordinator = try FakeCoordinator(job: "job-a", pictures: ["one"])
    _ = try await fetch(coordinator, coordinator.job)
    var lines = try manifest()
    lines[0].file = name
    try coordinator.serve(lines)
    let error = await #expect(throws: AtelierError.self) { _ = try await fetch(coordinator, coordinator.job) }
    #expect(error?.code == .malformed)
    #expect(error?.message.contains("'\(name)'") == true)
    #expect(try manifest().map(text) == ["one"])
  }

  @Test func `several fetch one job to one folder at once`() async throws {
    let coordinator = try FakeCoordinator(job: "job-a", pictures: (0..<20).map { "picture \($0)" })
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 { group.addTask { try await fetch(coordinator, coordinator.job).pictures } }
      for try await pictures in group { #expect(pictures == 20) }
    }
    #expect(try manifest().map(text) == (0..<20).map { "picture \($0)" })
    #expect(try names().count == 23)
  }

  @Test func `a coordinator that is away for a while is waited for`() async throws {
    let coordinator = try FakeCoordinator(job: "job-a", pictures: ["one", "two", "three"])
    for path in ["jobs/job-a", "jobs/job-a/manifest?after=2&limit=500", "jobs/job-a/pictures/1/0"] {
      coordinator.refuse(path, .unavailable, "Nobody answers.", times: 3)
    }
    let told = Mutex(0)
    let patient = PatientClient(client: coordinator, pause: .zero) { told.withLock { $0 += 1 } }
    let fetched = try await fetch(patient, coordinator.job)
    #expect(fetched.pictures == 3)
    #expect(fetched.failed == 0)
    // Once for each time that it was away.
    #expect(told.withLock { $0 } == 3)
  }

  @Test func `a job is followed over a coordinator's restart`() async throws {
    let coordinator = try FakeCoordinator(job: "job-a", pictures: ["one", nil])
    coordinator.refuse("jobs/job-a", .unavailable, "Nobody answers.")
    let status = try await JobWatch(client: coordinator, job: coordinator.job, quiet: true).untilEnd()
    #expect(status.state == .completed)
    #expect(status.hasFailed)
  }
}
