import Foundation
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Gateway
@testable import Store

/// Batches while the coordinator dies at any moment: each line is answered, and once.
@Suite struct BatchRestartTests {
  private let folder: TemporaryFolder
  private static let lines = (0..<600).map { TestGateway.line("\($0)", "{\"prompt\": \"\($0)\"}") }

  init() throws { folder = try TemporaryFolder() }

  private func check(_ id: String, _ gateway: TestGateway, made: Int = 600) async throws {
    let facts = try await gateway.facts(ofBatch: id)
    #expect(facts["status"] as? String == "completed")
    #expect(facts["request_counts"] as? [String: Int] == ["total": 600, "completed": made, "failed": 600 - made])
    let (done, failed) = try await gateway.answers(ofBatch: id)
    #expect(done.count == made)
    #expect(Set(done.keys).union(failed.keys).count == 600)
    // One file of each kind, beside the one that was brought.
    #expect(gateway.coordinator.files.list().count == (made == 600 ? 2 : 3))
  }

  @Test func `it goes on with what was not done, after each state`() async throws {
    var id = ""
    try await TestGateway.run(in: folder) { id = try await $0.batch(Self.lines) }
    try await TestGateway.run(in: folder) { try await $0.batches().pass() }
    try await TestGateway.run(in: folder) { gateway in
      #expect(try await gateway.facts(ofBatch: id)["status"] as? String == "in_progress")
      try await gateway.finish(gateway.job(ofBatch: id))
    }
    try await TestGateway.run(in: folder) { gateway in
      try await gateway.coordinator.finalizeBatch(id)
      #expect(try await gateway.facts(ofBatch: id)["status"] as? String == "finalizing")
    }
    try await TestGateway.run(in: folder) { gateway in
      try await gateway.batches().pass()
      try await check(id, gateway)
    }
    try await TestGateway.run(in: folder) { gateway in
      try await gateway.batches().pass()
      try await check(id, gateway)
    }
  }

  @Test func `a file that was half read is read again, and its lines make one job`() async throws {
    var id = ""
    try await TestGateway.run(in: folder) { gateway in
      id = try await gateway.batch(Self.lines)
      let batch = try #require(try await gateway.coordinator.openBatches().first)
      var half = try await BatchSubmission(
        to: gateway.coordinator, for: batch, model: "starter", options: SubmitOptions())
      for line in 1...550 {
        try await half.add(ItemRequest(prompt: "a"), line: line, customID: "\(line)", wantsBytes: false)
      }
    }
    try await TestGateway.run(in: folder) { gateway in
      try await gateway.batches().pass()
      let job = try await gateway.job(ofBatch: id)
      #expect(try await gateway.status(of: job).items == 600)
      try await gateway.finish(job)
      try await gateway.batches().pass()
      try await check(id, gateway)
      let isAlone = try await eventually {
        try await gateway.coordinator.store.read { try $0.jobsByState() }.map(\.count) == [1]
      }
      #expect(isAlone)
    }
  }

  @Test func `answers that were written and not committed are written again`() async throws {
    var id = ""
    try await TestGateway.run(in: folder) { gateway in
      id = try await gateway.batch(Self.lines)
      try await gateway.batches().pass()
      try await gateway.finish(gateway.job(ofBatch: id))
      try await gateway.coordinator.finalizeBatch(id)
      // Their files have their names, and then everything died.
      for name in ["file-a", "file-b"] {
        let file = try await gateway.coordinator.beginFile()
        try file.append(Data("{}\n".utf8))
        try file.writer.keep(as: name)
      }
      #expect(gateway.coordinator.files.list().count == 3)
    }
    try await TestGateway.run(in: folder) { gateway in
      try await gateway.batches().pass()
      try await check(id, gateway)
    }
  }

  @Test func `a refused commit leaves no files, and is tried again`() async throws {
    try await TestGateway.run(in: folder) { gateway in
      let id = try await gateway.batch(Self.lines)
      try await gateway.batches().pass()
      try await gateway.finish(gateway.job(ofBatch: id))
      // Somebody else has the id of the file.
      try await gateway.coordinator.finalizeBatch(id)
      let other = APIFile(
        id: "file-a", owner: "bob", name: "a", purpose: .batch, bytes: 0, createdAt: 1, expiresAt: nil)
      try await gateway.coordinator.perform { try $0.store.add(other) }
      let contents = try await gateway.coordinator.beginFile()
      await #expect(throws: (any Error).self) {
        try await gateway.coordinator.endBatch(
          id, output: (contents, other), errors: nil, counts: Batch.Counts(), event: "evt_a")
      }
      #expect(gateway.coordinator.files.list().count == 1)
      try await gateway.batches().pass()
      try await check(id, gateway)
    }
  }

  @Test func `a job that is tried again while its answers are written is waited for`() async throws {
    try await TestGateway.run(in: folder) { gateway in
      let id = try await gateway.batch(Self.lines)
      try await gateway.batches().pass()
      let job = try await gateway.job(ofBatch: id)
      try await gateway.fail(job, reasons: ["no"])
      try await gateway.finish(job)
      try await gateway.coordinator.finalizeBatch(id)
      _ = try await gateway.coordinator.retry(job)
      let error = await #expect(throws: AtelierError.self) { try await gateway.batches().pass() }
      #expect(error?.code == .wrongState)
      #expect(gateway.coordinator.files.list().count == 1)
      try await gateway.finish(job)
      try await gateway.batches().pass()
      try await check(id, gateway)
    }
  }

  @Test func `who still reads or writes a batch that others have moved on changes nothing`() async throws {
    try await TestGateway.run(in: folder) { gateway in
      let id = try await gateway.batch(Self.lines)
      let seen = try #require(try await gateway.coordinator.openBatch(id))
      try await gateway.batches().pass()
      let job = try await gateway.job(ofBatch: id)
      var late = try BatchReading(seen, gateway.coordinator)
      try await late.run()
      try await gateway.coordinator.dropLines(of: id)
      #expect(try await gateway.job(ofBatch: id) == job)
      try await gateway.finish(job)
      try await gateway.coordinator.finalizeBatch(id)
      let ending = try #require(try await gateway.coordinator.openBatch(id))
      try await gateway.batches().pass()
      var again = BatchWriting(ending, gateway.coordinator, gateway.door.pictureURLs)
      try await again.run()
      try await check(id, gateway)
    }
  }
}
