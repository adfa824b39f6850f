import Foundation
import Shared
import Store
import TestSupport
import Testing

/// How the cluster is, why something is as it is, and the copy of the database.
@Suite struct ClusterRouteTests {
  @Test func `the cluster says that all is well, and who is there`() async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.get("cluster")
      #expect(answer.status == 200)
      #expect(answer.type == "application/json")
      let status = try answer.decoded(as: ClusterStatus.self)
      #expect(status.state == "ok")
      #expect(status.message == nil)
      #expect(status.since == nil)
      #expect(status.damage.isEmpty)
      #expect(status.version == AtelierVersion.current)
      #expect(status.workersConnected == 0)
      try await gateway.connect(WorkerID("prior-a"), pool: .prior)
      let after = try await gateway.get("cluster").decoded(as: ClusterStatus.self)
      #expect(after.workersConnected == 1)
      #expect(after.workersQuarantined == 0)
      #expect(after.startedAt == status.startedAt)
    }
  }

  @Test func `what goes by its age is told, and confirmed`() async throws {
    try await TestGateway.run { gateway in
      let status = try await gateway.get("expiry").decoded(as: ExpiryStatus.self)
      #expect(status.keepPicturesDays == nil)
      #expect(status.halted == nil)
      #expect(status.jobs == 0)
      let confirmed = try await gateway.post("expiry/confirm")
      #expect(confirmed.status == 200)
      #expect(try confirmed.decoded(as: ExpiryStatus.self).first == [])
      #expect(try await gateway.get("cluster").decoded(as: ClusterStatus.self).expiryHalted == nil)
    }
  }

  @Test func `a job, a task and a worker are explained`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      let ofJob = try await gateway.get("explain/\(job)")
      #expect(ofJob.status == 200)
      #expect(ofJob.type == "application/json")
      let explanation = try ofJob.decoded(as: Explanation.self)
      #expect(explanation.subject == "job \(job)")
      #expect(explanation.sentence.hasPrefix("No prior worker is connected"), "\(explanation.sentence)")
      #expect(explanation.facts.count == Stage.allCases.count)

      let task = try await gateway.get("explain/1").decoded(as: Explanation.self)
      #expect(task.subject == "task 1")
      #expect(task.sentence == "It is ready and waits for a prior worker.")
      #expect(task.facts.first?.contains("job \(job)") == true, "\(task.facts)")

      try await gateway.connect(WorkerID("decoder-a"))
      let worker = try await gateway.get("explain/decoder-a").decoded(as: Explanation.self)
      #expect(worker.subject == "worker decoder-a")
      #expect(worker.sentence == "It is idle: nothing is ready for the decoder pool.")
    }
  }

  @Test func `a paused job, a failed task and an ended job are explained`() async throws {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit()
      _ = try await gateway.post("jobs/\(job)/pause")
      let paused = try await gateway.get("explain/\(job)").decoded(as: Explanation.self)
      #expect(paused.sentence == "It is paused; 'atelier resume \(job)' goes on.")
      #expect(
        try await gateway.get("explain/1").decoded(as: Explanation.self).sentence
          == "It is ready and waits for a prior worker. Its job is paused.")
      _ = try await gateway.post("jobs/\(job)/resume")
      try await gateway.fail(job, reasons: ["The memory is full."])
      let task = try await gateway.get("explain/1").decoded(as: Explanation.self)
      #expect(task.sentence == "It was set aside after 1 failed attempts; 'atelier retry \(job)' tries it again.")
      #expect(task.facts.last?.hasSuffix("on decoder-test: The memory is full.") == true, "\(task.facts)")
      let ended = try await gateway.get("explain/\(job)").decoded(as: Explanation.self)
      #expect(ended.sentence == "It has ended: 0 pictures, 1 failed.")
      #expect(ended.facts.last == "1 failed: The memory is full.")
      // Of a worker that is gone, what failed on it is still told.
      let worker = try await gateway.get("explain/decoder-test").decoded(as: Explanation.self)
      #expect(worker.sentence == "It is not connected any more.")
    }
  }

  @Test(
    arguments: [
      ("job-none", "There is no job 'job-none'."), ("999999", "There is no task 999999."),
      ("decoder-none", "There is no worker 'decoder-none'."), ("something", "There is no job 'something'."),
    ] as [(String, String)])
  func `what is not there is not explained`(subject: String, sentence: String) async throws {
    try await TestGateway.run { gateway in
      let answer = try await gateway.get("explain/\(subject)")
      #expect(answer.status == 404)
      #expect(try answer.refusal.code == "not_found")
      #expect(try answer.refusal.message.hasPrefix(sentence), "\(answer.text)")
    }
  }

  @Test func `a backup is a database that opens, with the jobs of its moment, and leaves no file behind`() async throws
  {
    try await TestGateway.run { gateway in
      let job = try await gateway.submit("a\nb\n")
      let answer = try await gateway.post("backup")
      #expect(answer.status == 200)
      #expect(answer.type == "application/vnd.sqlite3")
      #expect(answer.length == String(answer.bytes.count))
      #expect(answer.text.hasPrefix("SQLite format 3\0"))
      _ = try await gateway.submit("later\n")

      let folder = try TemporaryFolder()
      try Data(answer.bytes).write(to: URL(fileURLWithPath: folder.path + "/atelier.sqlite"))
      let copy = try Store(folder: folder.path)
      let jobs = try await copy.read { try $0.jobs(limit: 10) }
      #expect(jobs.map(\.id) == [job])
      #expect(jobs.first?.images.pending == 2)
      try copy.close()
      let left = try FileManager.default.contentsOfDirectory(atPath: gateway.folder.path + "/data")
      #expect(
        Set(left) == [
          "atelier.lock", "atelier.sqlite", "atelier.sqlite-wal", "audit.jsonl", "files", "keys", "pictures", "sources",
          ".copies",
        ])
      #expect(try FileManager.default.contentsOfDirectory(atPath: gateway.folder.path + "/data/.copies").isEmpty)
    }
  }

  @Test func `nothing that follows links makes a backup`() async throws {
    try await TestGateway.run { (gateway: TestGateway) async throws -> Void in
      #expect(try await gateway.get("backup").status == 404)
      #expect(!FileManager.default.fileExists(atPath: gateway.folder.path + "/data/.copies"))
    }
  }

  @Test func `a backup that cannot be made is 500, and the next one works`() async throws {
    try await TestGateway.run { gateway in
      let data = gateway.folder.path + "/data"
      let aside = gateway.folder.path + "/aside"
      try FileManager.default.moveItem(atPath: data, toPath: aside)
      let answer = try await gateway.post("backup")
      #expect(answer.status == 500)
      #expect(try answer.refusal.code == "system")
      #expect(try answer.refusal.message.hasPrefix("Cannot copy the database to '"), "\(answer.text)")
      try FileManager.default.moveItem(atPath: aside, toPath: data)
      #expect(try await gateway.post("backup").status == 200)
    }
  }
}
