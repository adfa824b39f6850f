import Coordinator
import Foundation
import Shared
import TestSupport
import Testing

@testable import atelier

/// A data directory on a file system that is really full, or really cannot be written.
@Suite(.serialized) struct DiskTests {
  /// A file system that is mounted for a test.
  private struct Mount {
    let path: String

    /// A small one in memory.
    init(at path: String, megabytes: Int) throws {
      self.path = path
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try Self.mount(["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path])
    }

    /// What is there already, read-only.
    init(readOnly path: String) throws {
      self.path = path
      try Self.mount(["--bind", path, path])
      try Self.mount(["-o", "remount,bind,ro", path])
    }

    private static func mount(_ arguments: [String]) throws {
      guard run(["mount"] + arguments) == 0 else {
        throw AtelierError(.system, "Cannot mount a file system: \(arguments).")
      }
    }

    func unmount() { _ = Self.run(["umount", "-l", path]) }

    private static func run(_ command: [String]) -> Int32 {
      switch try? ChildProcess("/usr/bin/env", command, error: .null).wait() {
      case .status(let status): status
      default: -1
      }
    }
  }

  /// Whether this process may mount at all: mostly not, in a container or without root.
  private static let canMount: Bool = {
    guard geteuid() == 0, let folder = try? TemporaryFolder(),
      let disk = try? Mount(at: folder.path + "/probe", megabytes: 1)
    else { return false }
    disk.unmount()
    return true
  }()

  @Test(.enabled(if: canMount, "a file system can be mounted"), .timeLimit(.minutes(2)))
  func `a full disk is named, nothing is lost, and work goes on when there is room`() async throws {
    var disk: Mount?
    defer { disk?.unmount() }
    let cluster = try TestCluster { disk = try Mount(at: $0, megabytes: 24) }
    let data = cluster.folder.path + "/data"
    cluster.addWorker(.prior)
    let first = try await cluster.submit((0..<20).map { "first \($0)\n" }.joined())

    // All that is left is taken by somebody else.
    let filler = data + "/filler"
    _ = FileManager.default.createFile(atPath: filler, contents: nil)
    let file = try #require(FileHandle(forWritingAtPath: filler))
    for size in [1 << 20, 4096] {
      while (try? file.write(contentsOf: Data(count: size))) != nil {}
    }
    cluster.addWorker(.decoder)
    #expect(try await eventually { cluster.coordinator.status().state == "disk_full" })
    #expect(cluster.coordinator.status().message?.contains("is full") == true)
    let waits = try await cluster.coordinator.job(first).waitingFor
    #expect(waits.contains { $0.contains("Free some space") }, "\(waits)")
    await #expect(throws: AtelierError.self) {
      _ = try await cluster.submit((0..<2000).map { "refused \($0)\n" }.joined())
    }

    try file.close()
    try FileManager.default.removeItem(atPath: filler)
    #expect(try await cluster.end(of: first).images.completed == 20)
    #expect(try await eventually { cluster.coordinator.status().state == "ok" })
    for item in 0..<20 {
      let seed = try #require(try await cluster.manifest(of: first).first { $0.item == item }?.seed)
      let picture = try await cluster.coordinator.picture(job: first, item: item, index: 0)
      #expect(Array(picture) == FakeExecutor.picture("first \(item)", seed))
    }
    // Looks at every page of the database; what was refused is not there.
    try await cluster.restartCoordinator()
    #expect(try await cluster.coordinator.jobs(limit: 10).map(\.id) == [first])
    try await cluster.stop()
  }

  @Test(.enabled(if: canMount, "a file system can be mounted"))
  func `a picture that does not fit on a disk says so in words, and nothing of it stays there`() throws {
    let folder = try TemporaryFolder()
    let disk = try Mount(at: folder.path + "/disk", megabytes: 1)
    defer { disk.unmount() }
    let error = #expect(throws: AtelierError.self) {
      try LocalFile.write([UInt8](repeating: 7, count: 3 << 20), to: disk.path + "/picture.png")
    }
    #expect(error?.message == "Cannot write '\(disk.path)/picture.png': the disk is full; free some space.")
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
  }

  @Test(.enabled(if: canMount, "a file system can be mounted"), .timeLimit(.minutes(2)))
  func `pictures that become read-only are named, and work goes on when they can be written`() async throws {
    let cluster = try TestCluster()
    let mount = try Mount(readOnly: cluster.folder.path + "/data/pictures")
    var isMounted = true
    defer { if isMounted { mount.unmount() } }
    cluster.addWorker(.prior)
    cluster.addWorker(.decoder)
    let job = try await cluster.submit("a\nb\nc\n")
    #expect(try await eventually { cluster.coordinator.status().state == "read_only" })
    #expect(cluster.coordinator.status().message?.contains("cannot be written") == true)
    mount.unmount()
    isMounted = false
    #expect(try await cluster.end(of: job).images.completed == 3)
    #expect(try await eventually { cluster.coordinator.status().state == "ok" })
    try await cluster.stop()
  }
}
