import Foundation
import GRDB
import Shared
import TestSupport
import Testing

@testable import Store

/// What a person asks to be done with a job of any size is done a part a turn.
@Suite struct LongChangeTests {
  private let store: Store
  private let model = ModelInfo(
    name: "m", digest: "d1", size: PictureSize(width: 64, height: 64), defaults: .karlo)
  private let worker = WorkerID("prior-a")

  init() throws {
    store = try Store(inMemory: ())
    let model = model
    try store.write { try $0.register(model, at: 1) }
  }

  /// A job of one item with images.
  private func begin(images: Int, imagesOfEach limit: Int = .max) throws -> JobNumber {
    let model = model
    return try store.write { store in
      let job = try store.beginJob(JobID("job"), model: model, at: 1)
      let item = ResolvedItem(
        line: 1, customID: nil, prompt: "a", negativePrompt: nil, n: images, seed: 10, size: model.size,
        parameters: .karlo)
      try store.addItems([item], to: job, imagesOfEach: limit)
      return job
    }
  }

  private func count(_ table: String) throws -> Int {
    try store.read { try Int.fetchOne($0.db, sql: "SELECT count(*) FROM \(table)") ?? 0 }
  }

  private var wrongCounters: [String] {
    get throws { try store.read { try Counters.wrong(in: $0.db).map { "\($0)" } } }
  }

  @Test func `an item's images are added a part a turn, and are as if they had been added at once`() throws {
    let job = try begin(images: 7, imagesOfEach: 3)
    #expect(try count("images") == 3)
    var added: [Int] = []
    repeat { added.append(try store.write { try $0.addImages(to: job, limit: 3) }) } while added.last != 0
    #expect(added == [3, 1, 0])
    try store.write { try $0.activateJob(job) }
    #expect(try store.read { try $0.job(JobID("job")).images.pending } == 7)
    #expect(try wrongCounters == [])
    let seeds = try store.write { try $0.lease(9, of: .embed, job: job, to: worker, at: 2).map(\.seed) }
    #expect(seeds == [10, 11, 12, 13, 14, 15, 16])
  }

  @Test func `a submission that is given up goes a part a turn, whatever it had got`() throws {
    let job = try begin(images: 7, imagesOfEach: 5)
    var turns = 1
    while try !store.write({ try $0.advance(.abandoned(job: job), limit: 2, at: 2) }) {
      turns += 1
      #expect(try wrongCounters == [])
    }
    // Three for five images, one for the item, one for the job.
    #expect(turns == 5)
    for table in ["jobs", "items", "images", "tasks", "task_counts", "image_counts"] {
      #expect(try count(table) == 0, "\(table)")
    }
  }

  /// Fails all that is ready.
  private func failAll(_ job: JobNumber) throws {
    try store.write { store in
      for task in try store.lease(100, of: .embed, job: job, to: worker, at: 3) {
        try store.fail(try #require(try store.task(task.id.task)), reason: "no", at: 3)
      }
    }
  }

  @Test func `a retry goes on a part a turn and after a restart, and its job does not end before`() throws {
    let number = try begin(images: 5)
    try store.write { try $0.activateJob(number) }
    try failAll(number)
    let job = try store.read { try $0.job(JobID("job")) }
    #expect(job.state == .completed)
    #expect(try store.write { try $0.retryFailures(of: job, limit: 2) } == 5)
    // At once for whoever asks, though the rows follow.
    #expect(try store.read { try $0.job(JobID("job")).images.pending } == 5)
    #expect(try store.read { try $0.readyWork().map(\.count) } == [2])
    // What is tried again at once fails again, and nothing else is pending by its row.
    try failAll(number)
    #expect(try store.read { try $0.job(JobID("job")).state } == .active)
    #expect(try store.read { try $0.endings() } == [.retried(job: number)])
    var turns = 1
    while try !store.write({ try $0.advance(.retried(job: number), limit: 2, at: 4) }) { turns += 1 }
    #expect(turns == 3)
    #expect(try store.read { try $0.endings() } == [])
    #expect(try wrongCounters == [])
    let images = try store.read { try $0.job(JobID("job")).images }
    #expect(images.pending == 3)
    #expect(images.failed == 2)
    try failAll(number)
    #expect(try store.read { try $0.job(JobID("job")).state } == .completed)
  }

  @Test func `what stages left of a cancelled job goes a part a turn, before its images do`() throws {
    let number = try begin(images: 3)
    try store.write { store in
      try store.activateJob(number)
      for task in try store.lease(3, of: .embed, job: number, to: worker, at: 3) {
        let record = try #require(try store.task(task.id.task))
        try store.keep(
          Artifact(kind: .imageEmbedding, type: .float32, shape: [1], bytes: [0, 0, 0, 0]), for: record)
      }
      _ = try store.cancel(store.job(JobID("job")), at: 4)
    }
    var left: [Int] = []
    var isDone = false
    while !isDone {
      // Another coordinator would go on as well.
      #expect(try store.read { try $0.endings() } == [.cancelled(job: number)])
      isDone = try store.write { try $0.advance(.cancelled(job: number), limit: 20, at: 5) }
      left.append(try count("artifacts"))
    }
    #expect(left == [2, 1, 0, 0])
    #expect(try store.read { try $0.endings() } == [])
    #expect(try wrongCounters == [])
  }

  @Test func `a retry whose images have all failed again by its last part ends the job`() throws {
    let number = try begin(images: 2)
    try store.write { try $0.activateJob(number) }
    try failAll(number)
    _ = try store.write { store in try store.retryFailures(of: store.job(JobID("job")), limit: 2) }
    try failAll(number)
    #expect(try store.read { try $0.job(JobID("job")).state } == .active)
    #expect(try store.write { try $0.advance(.retried(job: number), limit: 2, at: 4) })
    #expect(try store.read { try $0.job(JobID("job")).state } == .completed)
  }

  @Test func `pauses that end at once end a part a turn`() throws {
    let number = try begin(images: 5)
    try store.write { store in
      try store.activateJob(number)
      for task in try store.lease(5, of: .embed, job: number, to: worker, at: 3) {
        try store.delay(try #require(try store.task(task.id.task)), until: 4)
      }
    }
    func ready() throws -> Int {
      try store.write { store in
        try store.promoteDelayed(at: 5, longest: 60, limit: 2)
        return try store.readyWork().first?.count ?? 0
      }
    }
    #expect(try [ready(), ready(), ready()] == [2, 4, 5])
  }

  @Test func `models that no job names are bounded`() throws {
    try store.write { store in
      for number in 2...StoreTransaction.mostUnnamedModels {
        try store.announce(
          ModelInfo(name: "m\(number)", digest: "d\(number)", size: model.size, defaults: .karlo), at: Double(number))
      }
      let one = ModelInfo(name: "new", digest: "new", size: model.size, defaults: .karlo)
      #expect(try !store.canRemember([one]))
      #expect(try store.canRemember([model]))
      _ = try store.beginJob(JobID("job"), model: model, at: 5000)
      #expect(try store.canRemember([one]))
      try store.forgetModels(keeping: 3)
      let kept = StoreTransaction.mostUnnamedModels
      #expect(try store.models().map(\.digest) == ["d\(kept)", "d\(kept - 1)", "d\(kept - 2)", "d1"])
    }
  }

  /// Leaves an artifact of each failed image of a job that is then completed.
  private func complete(images: Int) throws -> (job: JobNumber, leftovers: [Ending]) {
    let number = try begin(images: images)
    let leftovers = try store.write { store in
      try store.activateJob(number)
      for task in try store.lease(images, of: .embed, job: number, to: worker, at: 3) {
        let record = try #require(try store.task(task.id.task))
        try store.keep(Artifact(kind: .imageEmbedding, type: .float32, shape: [1], bytes: [0, 0, 0, 0]), for: record)
        try store.fail(record, reason: "no", at: 3)
      }
      return store.takeLeftovers()
    }
    #expect(try store.read { try $0.job(JobID("job")).state } == .completed)
    return (number, leftovers)
  }

  @Test func `what failed images left of a completed job goes a part a turn, also after a restart`() throws {
    let most = StoreTransaction.artifactsAtOnce
    let (number, leftovers) = try complete(images: most + 3)
    #expect(leftovers == [.completed(job: number)])
    var left: [Int] = [try count("artifacts")]
    var isDone = false
    while !isDone {
      #expect(try store.read { try $0.endings() } == (left.last == 0 ? [] : leftovers))
      isDone = try store.write { try $0.advance(.completed(job: number), limit: 40, at: 5) }
      left.append(try count("artifacts"))
    }
    #expect(left == [3, 1, 0])
    #expect(try store.read { try $0.endings() } == [])
  }

  @Test func `what is left of a completed job stays once it is tried again, and goes when that ends`() throws {
    let (number, _) = try complete(images: StoreTransaction.artifactsAtOnce + 1)
    _ = try store.write { store in try store.retryFailures(of: store.job(JobID("job"))) }
    #expect(try store.write { try $0.advance(.completed(job: number), limit: 40, at: 5) })
    #expect(try count("artifacts") == 1)
    try store.write { store in
      for task in try store.lease(200, of: .embed, job: number, to: worker, at: 6) {
        try store.fail(try #require(try store.task(task.id.task)), reason: "no", at: 6)
      }
    }
    #expect(try count("artifacts") == 0)
  }

  @Test func `pictures of very many jobs go a part a turn, those that ended first before others`() throws {
    try store.write { store in
      for (index, name) in ["c", "a", "b"].enumerated() {
        let job = try store.beginJob(JobID(name), model: model, at: 1)
        try store.activateJob(job)
        _ = try store.cancel(store.job(JobID(name)), at: Double(10 + index))
      }
      #expect(try store.expirePictures(endedBefore: 100, limit: 2, at: 101) == [JobID("c"), JobID("a")])
      #expect(try store.expirePictures(endedBefore: 100, limit: 2, at: 102) == [JobID("b")])
      #expect(try store.removals(limit: 2) == [JobID("a"), JobID("b")])
      #expect(try store.removals(after: JobID("b"), limit: 2) == [JobID("c")])
    }
  }
}
