import Foundation
import Shared
import TestSupport
import Testing

@testable import Coordinator
@testable import Store

/// What workers would do, done to the store: these tests are of the routes.
extension TestGateway {
  private static let worker = WorkerID("decoder-test")

  /// The "picture" of a prompt.
  static func picture(_ prompt: String) -> [UInt8] { Array("a picture of \(prompt)".utf8) }

  /// Finishes images of a job, each with the picture of its prompt.
  ///
  /// - Parameter items: of how many items, the first of those that are not finished; of all by default.
  func finish(_ job: JobID, items: Int = 1000) async throws {
    try await coordinator.perform { turn in
      let (store, now) = (turn.store, turn.now.time)
      let number = try store.job(job).number
      for stage in Stage.allCases {
        for leased in try store.lease(items, of: stage, job: number, to: Self.worker, at: now) {
          let task = try #require(try store.task(leased.id.task))
          try store.complete(task, worker: Self.worker, seconds: 1)
          guard task.plan.next(after: stage) == nil else { continue }
          let picture = Artifact(kind: .picture, type: .png, shape: [64, 64, 3], bytes: Self.picture(leased.prompt))
          let name = PictureFolder.name(job: job, item: leased.itemIndex, index: leased.imageIndex)
          turn.place(PicturePlacement(attempt: leased.id, staged: nil, bytes: picture.bytes, name: name))
          try store.publish(
            task, file: name, sha256: hexadecimal(picture.sha256), size: PictureSize(width: 64, height: 64), at: now)
        }
      }
    }
  }

  /// How many jobs are in a state.
  func jobCount(of state: JobState) async throws -> Int {
    try await coordinator.store.read { try $0.jobsByState() }.first { $0.state == state }?.count ?? 0
  }

  /// Lets images of a job fail, for the reason given to each.
  func fail(_ job: JobID, reasons: [String]) async throws {
    try await coordinator.perform { turn in
      let (store, now) = (turn.store, turn.now.time)
      let tasks = try store.lease(reasons.count, of: .embed, job: store.job(job).number, to: Self.worker, at: now)
      try #require(tasks.count == reasons.count)
      for (leased, reason) in zip(tasks, reasons) {
        let task = try #require(try store.task(leased.id.task))
        try store.recordFailure(task, worker: Self.worker, reason: reason, at: now)
        try store.fail(task, reason: reason, at: now)
      }
    }
  }

  /// Lets the time be over for which pictures of ended jobs are kept.
  func forgetPictures() async throws {
    try await coordinator.perform { turn in
      let later = turn.now.time + 1
      _ = try turn.store.expirePictures(endedBefore: later, at: later)
    }
  }

  /// Leaves items of a job in the database as nobody can read them.
  func spoil(_ job: JobID) async throws {
    try await coordinator.perform { turn in
      _ = try turn.store.change(
        "UPDATE items SET operation = '{' WHERE job = (SELECT seq FROM jobs WHERE id = :job)", ["job": job])
    }
  }

  /// What is done once a job's first picture was found damaged.
  func losePicture(of job: JobID) async throws -> Bool {
    try await coordinator.perform { try $0.store.losePicture(job: job, item: 0, index: 0, reason: "gone") }
  }

  /// The file of a job's first picture.
  func pictureFile(of job: JobID) -> String {
    "\(folder.path)/data/pictures/\(PictureFolder.name(job: job, item: 0, index: 0))"
  }

  /// A worker introduces itself. It is known when this returns.
  func connect(_ worker: WorkerID, pool: Pool = .decoder, model: ModelInfo = TestGateway.model) async throws {
    var hello = Wire.Hello()
    hello.pool = pool.wire
    hello.capacity = 2
    hello.models = [model.wire]
    hello.host = "host7"
    hello.processID = 4211
    hello.threads = 3
    hello.softwareVersion = AtelierVersion.current
    try transport.say(.hello(hello), as: worker)
    // Handled after it.
    try await coordinator.perform { _ in }
  }

  func isToldToDrain(_ worker: WorkerID) throws -> Bool {
    try transport.told(worker).contains { if case .drain = $0 { true } else { false } }
  }
}
