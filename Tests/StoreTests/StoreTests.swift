import Foundation
import GRDB
import Shared
import TestSupport
import Testing

@testable import Store

@Suite struct StoreTests {
  private let folder: TemporaryFolder
  private let store: Store
  private let model = ModelInfo(
    name: "m", digest: "d1", size: PictureSize(width: 64, height: 64), defaults: .karlo)
  private let worker = WorkerID("prior-a")

  init() throws {
    folder = try TemporaryFolder()
    store = try Store(folder: folder.path)
    let model = model
    try store.write { try $0.register(model, at: 1) }
  }

  private func submit(_ prompts: [String], n: Int = 1) throws -> JobID {
    var generator = SystemRandomNumberGenerator()
    let id = JobID(using: &generator)
    let model = model
    try store.write { store in
      let job = try store.beginJob(id, model: model, at: 1)
      let items = prompts.enumerated().map { index, prompt in
        ResolvedItem(
          line: index + 1, customID: nil, prompt: prompt, negativePrompt: nil, n: n, seed: 10, size: model.size,
          parameters: .karlo)
      }
      try store.addItems(items, to: job)
      try store.activateJob(job)
    }
    return id
  }

  private func lease(_ job: JobID, _ stage: Stage, limit: Int = 1) throws -> [LeasedTask] {
    let worker = worker
    return try store.write { store in
      try store.lease(limit, of: stage, job: store.job(job).number, to: worker, at: 2)
    }
  }

  private func artifact(_ kind: Artifact.Kind) -> Artifact {
    Artifact(kind: kind, type: .float32, shape: [1], bytes: [1, 2, 3, 4])
  }

  private func checkpoint(_ steps: Int, pass: Int = 0) -> TaskCheckpoint {
    TaskCheckpoint(pass: pass, completedSteps: steps, latents: artifact(.latents))
  }

  /// Takes one image through all stages.
  private func finish(_ job: JobID) throws {
    for stage in Stage.allCases {
      for task in try lease(job, stage) {
        try store.write { store in
          let record = try #require(try store.task(task.id.task))
          try store.complete(record, worker: worker, seconds: 1)
          if stage == .upsample {
            try store.publish(record, file: "f", sha256: "s", size: PictureSize(width: 8, height: 8), at: 3)
          }
        }
      }
    }
  }

  @Test func `what trades exactness for speed reaches the worker`() throws {
    let parameters = RenderParameters(decoderGuidanceStart: 0.2, decoderGuidanceEnd: 0.7, cacheInterval: 3)
      .filled(from: .karlo)
    let model = model
    try store.write { store in
      let job = try store.beginJob(JobID("shortcuts"), model: model, at: 1)
      try store.addItems(
        [
          ResolvedItem(
            line: 1, customID: nil, prompt: "a", negativePrompt: nil, n: 1, seed: 1, size: model.size,
            parameters: parameters)
        ], to: job)
      try store.activateJob(job)
    }
    #expect(try lease(JobID("shortcuts"), .embed).map(\.parameters) == [parameters])
  }

  @Test func `counters agree with the rows at every point of a job`() throws {
    let job = try submit(["a", "b", "c"], n: 2)
    func check(pending: Int, completed: Int) throws {
      let record = try store.read { try $0.job(job) }
      #expect(record.images.pending == pending)
      #expect(record.images.completed == completed)
      #expect(record.images.total == 6)
      let lines = try store.read { try $0.manifest(of: record, after: 0, limit: 100).lines }
      #expect(lines.filter { $0.state == .completed }.count == completed)
      #expect(lines.filter { $0.state == .pending }.count == pending)
    }
    try check(pending: 6, completed: 0)
    for done in 1...6 {
      try finish(job)
      try check(pending: 6 - done, completed: done)
    }
    #expect(try store.read { try $0.job(job).state } == .completed)
  }

  @Test func `each image of an item has its own seed`() throws {
    let job = try submit(["a"], n: 3)
    #expect(try lease(job, .embed, limit: 3).map(\.seed) == [10, 11, 12])
  }

  @Test func `a task is leased once, and each lease has a new attempt`() throws {
    let job = try submit(["a"])
    let first = try #require(try lease(job, .embed).first)
    #expect(try lease(job, .embed).isEmpty)
    try store.write { try $0.release(first.id.task) }
    let second = try #require(try lease(job, .embed).first)
    #expect(second.id.task == first.id.task)
    #expect(second.id.attempt == first.id.attempt + 1)
  }

  @Test func `a submission that was not finished leaves nothing after a restart`() throws {
    let model = model
    try store.write { store in
      let job = try store.beginJob(JobID("job-half"), model: model, at: 1)
      try store.addItems(
        [
          ResolvedItem(
            line: 1, customID: nil, prompt: "a", negativePrompt: nil, n: 1, seed: 1, size: model.size,
            parameters: .karlo)
        ],
        to: job)
    }
    #expect(try store.read { try $0.jobs(limit: 10) }.isEmpty)
    try store.close()
    let again = try Store(folder: folder.path)
    try again.write { store in
      let endings = try store.endings()
      #expect(endings.count == 1)
      for ending in endings { while try !store.advance(ending, limit: 1, at: 2) {} }
      #expect(try store.endings().isEmpty)
    }
    #expect(throws: AtelierError.self) { try again.read { try $0.job(JobID("job-half")) } }
    #expect(try again.read { try $0.readyWork() }.isEmpty)
  }

  @Test func `cancelling ends every image and names the attempts in hand`() throws {
    let job = try submit(["a", "b"])
    let leased = try #require(try lease(job, .embed).first)
    let held = try store.write { store in try store.cancel(store.job(job), at: 5) }
    #expect(held == [leased.id])
    // At once for whoever asks, though the rows follow one by one.
    func check() throws {
      let record = try store.read { try $0.job(job) }
      #expect(record.state == .cancelled)
      #expect(record.images.cancelled == 2)
      #expect(record.images.pending == 0)
      let lines = try store.read { try $0.manifest(of: record, after: 0, limit: 10).lines }
      #expect(lines.map(\.state) == [.cancelled, .cancelled])
      #expect(try store.read { try $0.task(2)?.state } == .cancelled)
      #expect(try store.read { try $0.readyWork() }.isEmpty)
    }
    try check()
    let endings = try store.read { try $0.endings() }
    #expect(endings.count == 1)
    var turns = 1
    while try !store.write({ try $0.advance(endings[0], limit: 1, at: 6) }) { turns += 1 }
    #expect(turns == 2)
    try check()
    #expect(try store.read { try $0.endings() }.isEmpty)
    #expect(try lease(job, .embed).isEmpty)
  }

  @Test func `a failed image can be tried again, which reopens the job`() throws {
    let job = try submit(["a"])
    let task = try #require(try lease(job, .embed).first)
    try store.write { store in
      let record = try #require(try store.task(task.id.task))
      try store.recordFailure(record, worker: worker, reason: "no", at: 3)
      try store.fail(record, reason: "no", at: 3)
    }
    let failed = try store.read { try $0.job(job) }
    #expect(failed.state == .completed)
    #expect(failed.images.failed == 1)
    #expect(
      try store.read { try $0.failureReasons(of: failed, limit: 5) } == [
        FailureReason(reason: "no", images: 1, example: "a")
      ])
    #expect(try store.write { store in try store.retryFailures(of: store.job(job)) } == 1)
    #expect(try store.read { try $0.job(job).state } == .active)
    #expect(try lease(job, .embed).count == 1)
  }

  @Test func `artifacts reach the next stage, and a damaged one is noticed`() throws {
    let job = try submit(["a"])
    let embed = try #require(try lease(job, .embed).first)
    try store.write { store in
      let record = try #require(try store.task(embed.id.task))
      for kind in [Artifact.Kind.textStates, .textEmbedding, .textMask, .imageEmbedding] {
        try store.keep(artifact(kind), for: record)
      }
      try store.complete(record, worker: worker, seconds: 1)
    }
    let denoise = try #require(try lease(job, .denoise).first)
    let inputs = try store.read { try $0.inputs(of: denoise) }
    let kinds = [Artifact.Kind.textStates, .textEmbedding, .textMask, .imageEmbedding]
    #expect(inputs == Dictionary(uniqueKeysWithValues: kinds.map { ($0, artifact($0)) }))
    try store.write { store in
      try store.db.execute(sql: "UPDATE artifacts SET bytes = x'01020305' WHERE kind = 'text_mask'")
    }
    let error = #expect(throws: AtelierError.self) { try store.read { try $0.inputs(of: denoise) } }
    #expect(error?.message.contains("text_mask of task") == true, "\(error?.message ?? "")")
  }

  @Test func `a missing input is an error that names it`() throws {
    let job = try submit(["a"])
    let embed = try #require(try lease(job, .embed).first)
    try store.write { store in
      try store.complete(#require(try store.task(embed.id.task)), worker: worker, seconds: 1)
    }
    let denoise = try #require(try lease(job, .denoise).first)
    #expect(throws: AtelierError.self) { try store.read { try $0.inputs(of: denoise) } }
  }

  @Test func `a checkpoint of a stale attempt is not kept`() throws {
    let job = try submit(["a"])
    let task = try #require(try lease(job, .embed).first)
    let stale = TaskAttempt(task: task.id.task, attempt: task.id.attempt - 1)
    try store.write { _ = try $0.saveCheckpoint(stale, checkpoint(3)) }
    #expect(try store.read { try $0.checkpoint(of: task.id.task)?.completedSteps } == nil)
    try store.write { _ = try $0.saveCheckpoint(task.id, checkpoint(4)) }
    #expect(try store.read { try $0.checkpoint(of: task.id.task)?.completedSteps } == 4)
    // A message that comes late does not undo what a later one brought.
    let isSaved = try store.write {
      try $0.saveCheckpoint(task.id, checkpoint(2))
    }
    #expect(!isSaved)
    #expect(try store.read { try $0.checkpoint(of: task.id.task)?.completedSteps } == 4)
    // Fewer steps of a later pass are further.
    #expect(try store.write { try $0.saveCheckpoint(task.id, checkpoint(1, pass: 1)) })
    #expect(try store.read { try $0.checkpoint(of: task.id.task) } == checkpoint(1, pass: 1))
  }

  @Test func `a damaged database is noticed before anything is written, and named`() throws {
    _ = try submit((0..<400).map { "prompt \($0)" })
    try store.close()
    let path = folder.path + "/atelier.sqlite"
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    let size = try file.seekToEnd()
    for offset in stride(from: UInt64(8192), to: size, by: 4096) {
      try file.seek(toOffset: offset)
      try file.write(contentsOf: Data(repeating: 0xAB, count: 512))
    }
    try file.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    do {
      _ = try Store(folder: folder.path)
      Issue.record("the damaged database was opened")
    } catch {
      #expect(error.message.contains("is damaged"), "\(error)")
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  @Test func `a copy made while the store is open is a whole database`() throws {
    let job = try submit(["a", "b"])
    let copy = try TemporaryFolder()
    try store.copy(to: copy.path + "/atelier.sqlite")
    _ = try submit(["later"])
    let other = try Store(folder: copy.path)
    #expect(try other.read { try $0.jobs(limit: 10).map(\.id) } == [job])
    #expect(throws: AtelierError.self) { try store.copy(to: copy.path + "/atelier.sqlite") }
  }

  @Test func `pictures of a job that ended long ago are let go once`() throws {
    let job = try submit(["a"])
    try finish(job)
    let running = try submit(["b"])
    #expect(try store.write { try $0.expirePictures(endedBefore: 3, at: 100) }.isEmpty)
    #expect(try store.write { try $0.expirePictures(endedBefore: 4, at: 101) } == [job])
    #expect(try store.write { try $0.expirePictures(endedBefore: 4, at: 102) }.isEmpty)
    #expect(try store.read { try $0.pictureFile(job: job, item: 0, index: 0)?.isKept } == false)
    #expect(try store.read { try $0.job(running).state } == .active)
  }

  @Test func `a pause ends when the clock is set back, too`() throws {
    let job = try submit(["a"])
    let task = try #require(try lease(job, .embed).first)
    try store.write { store in
      try store.delay(#require(try store.task(task.id.task)), until: 1_000_030)
      try store.promoteDelayed(at: 1_000_000, longest: 60)
    }
    #expect(try lease(job, .embed).isEmpty)
    // An hour back: nobody waits an hour.
    try store.write { try $0.promoteDelayed(at: 996_400, longest: 60) }
    #expect(try lease(job, .embed).count == 1)
  }

  @Test func `a task that failed on a worker goes to another, if there is one`() throws {
    let job = try submit(["a"])
    let task = try #require(try lease(job, .embed).first)
    try store.write { store in
      let record = try #require(try store.task(task.id.task))
      try store.recordFailure(record, worker: worker, reason: "no", at: 3)
      try store.release(task.id.task)
    }
    let other = WorkerID("prior-b")
    func ask(spare: Bool, canAvoid: Bool) throws -> [WorkerID] {
      let worker = worker
      return try store.write { store in
        let leased = try store.lease(
          [(worker, 1)], spare: spare ? [(other, 1)] : [], of: .embed, job: store.job(job).number, at: 4
        ) { _, _ in canAvoid }
        for (_, task) in leased { try store.release(task.id.task) }
        return leased.map(\.worker)
      }
    }
    #expect(try ask(spare: false, canAvoid: true).isEmpty)
    #expect(try ask(spare: true, canAvoid: true) == [other])
    #expect(try ask(spare: false, canAvoid: false) == [worker])
  }

  @Test func `a second coordinator on the same folder is refused`() throws {
    #expect(throws: AtelierError.self) { _ = try Store(folder: folder.path) }
  }

  @Test func `a folder that cannot be made is one clear sentence`() throws {
    let file = try folder.write("", to: "file")
    #expect(throws: AtelierError.self) { _ = try Store(folder: file + "/data") }
  }
}
