import Foundation
import GRDB
import Shared
import TestSupport
import Testing

@testable import Store

/// Questions and what reads their answers agree.
@Suite struct ColumnTests {
  private let model = ModelInfo(
    name: "m", digest: "d1", size: PictureSize(width: 64, height: 64), defaults: .karlo)
  private let worker = WorkerID("prior-a")

  @Test func `every column that a query selects is read, and the other way round`() throws {
    let store = try Store(inMemory: ())
    try store.write { try doEverything($0) }
    let (unread, statements) = store.unreadColumns()
    for (sql, columns) in unread { Issue.record("nobody reads \(columns) of: \(sql)") }
    // A column that is read and not selected throws where it is read. Both hold for what was done here; so all must be.
    let known = try Self.statementsInSources()
    #expect(statements == known, "the test does not do all that the store knows")
  }

  /// How many statements the sources of the store hold.
  private static func statementsInSources() throws -> Int {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/Store/Transactions")
    let sql = #/"(""\n\s*)?(SELECT|INSERT|UPDATE|DELETE) /#
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).reduce(0) {
      $0 + (try String(contentsOf: $1, encoding: .utf8)).matches(of: sql).count
    }
  }

  private func artifact(_ kind: Artifact.Kind) -> Artifact {
    Artifact(kind: kind, type: .float32, shape: [1], bytes: [1, 2, 3, 4])
  }

  private func submit(
    _ id: String, _ store: StoreTransaction, prompts: Int, active: Bool = true,
    operation: PictureOperation = .render(embedding: nil)
  ) throws -> JobNumber {
    let job = try store.beginJob(JobID(id), model: model, at: 1)
    try store.addItems(
      (0..<prompts).map {
        ResolvedItem(
          line: $0 + 1, customID: "c", prompt: "p", operation: operation, negativePrompt: "n", n: 1, seed: 1,
          size: model.size,
          parameters: .karlo)
      }, to: job)
    if active { try store.activateJob(job) }
    return job
  }

  private func lease(_ stage: Stage, _ job: JobNumber, _ store: StoreTransaction) throws -> LeasedTask {
    try #require(try store.lease(1, of: stage, job: job, to: worker, at: 2).first)
  }

  private func record(_ task: LeasedTask, _ store: StoreTransaction) throws -> TaskRecord {
    try #require(try store.task(task.id.task))
  }

  private func doEverything(_ store: StoreTransaction) throws {
    try store.register(model, at: 1)
    var limited = model
    limited.limits = RenderParameters(priorSteps: 1000, decoderSteps: 900)
    try store.register(limited, at: 1)
    try store.announce(limited, at: 2)
    #expect(try store.models() == [limited])
    #expect(try store.canRemember([model, ModelInfo(name: "o", digest: "d2", size: model.size, defaults: .karlo)]))
    try store.forgetModels(keeping: 1)
    let job = try submit("job", store, prompts: 4)

    // A worker that joins.
    let (joining, invitation) = (try CurveKeyPair().publicKey, try CurveKeyPair().publicKey)
    try store.invite(InvitationRecord(key: invitation, pools: [.prior], usesLeft: 1, createdAt: 1, expiresAt: 9))
    for time in [2.0, 3] {
      #expect(try store.join(joining, name: "n", by: invitation, at: time).status.pools == [.prior])
    }
    let replacing = try CurveKeyPair().publicKey
    #expect(try store.replace(joining, by: replacing, at: 3).replaces == joining)
    #expect(try store.workerKeys().last?.status.replaces == joining.fingerprint)
    try store.noteSeen(joining, at: 3)
    try store.revoke(joining, at: 4)
    #expect(try store.workerKeys().first?.status.revokedAt == 4)
    #expect(try store.invitations().first?.usesLeft == 0)

    // One picture through all stages, with a stage that has to be made again on its way.
    let embed = try lease(.embed, job, store)
    try store.noteBegun(embed.id)
    #expect(try store.leases().map(\.hasBegun) == [true])
    #expect(try store.freeUnreadableLeases(at: 3).isEmpty)
    #expect(try store.unreadableJobs(among: 9).isEmpty)
    #expect(try store.saveCheckpoint(embed.id, TaskCheckpoint(pass: 0, completedSteps: 1, latents: artifact(.latents))))
    #expect(try store.checkpoint(of: embed.id.task)?.completedSteps == 1)
    #expect(try store.progress(of: embed.id.task)?.completedSteps == 1)
    #expect(try store.renew(embed.id, to: worker, at: 3))
    for kind in try #require(embed.step).outputs { try store.keep(artifact(kind), for: record(embed, store)) }
    #expect(try store.hasItemOutputs(of: embed.step, item: embed.item))
    try store.complete(record(embed, store), worker: worker, seconds: 1, kind: "1.0 (x)")
    #expect(
      try store.manifest(of: store.job(JobID("job")), after: 0, limit: 1).lines.first?.stages.first?.kind == "1.0 (x)")
    let denoise = try lease(.denoise, job, store)
    #expect(try store.inputs(of: denoise).count == 4)
    #expect(try store.remake(denoise))
    let again = try lease(.embed, job, store)
    #expect(again.id.task == embed.id.task)
    try store.complete(record(again, store), worker: worker, seconds: 1)
    let denoised = try lease(.denoise, job, store)
    try store.complete(record(denoised, store), worker: worker, seconds: 1)
    let upsample = try lease(.upsample, job, store)
    try store.complete(record(upsample, store), worker: worker, seconds: 1)
    try store.publish(record(upsample, store), file: "f", sha256: "s", size: model.size, at: 4)
    #expect(try store.pictureFile(job: JobID("job"), item: 0, index: 0)?.name == "f")
    #expect(try store.losePicture(job: JobID("job"), item: 0, index: 0, reason: "gone"))
    #expect(try store.hasEnded(PictureID(job: JobID("job"), item: 0, index: 0)))
    #expect(try !store.hasEnded(PictureID(job: JobID("job"), item: 1, index: 0)))
    #expect(try store.hasEnded(PictureID(job: JobID("job"), item: 99, index: 0)))
    #expect(store.takeImageEndings().map(\.state) == [.completed, .failed])
    #expect(store.takeImageEndings().isEmpty)

    // One that fails, one that scores, one that waits.
    let failing = try lease(.embed, job, store)
    try store.recordFailure(record(failing, store), worker: worker, reason: "no", at: 5)
    #expect(try store.failures(of: failing.id.task).count == 1)
    #expect(try store.hasFailed(failing.id))
    #expect(try store.failures(on: worker, limit: 9).count == 1)
    try store.delay(record(failing, store), until: 9)
    #expect(try store.pauseEnds(of: failing.id.task) == 9)
    #expect(try store.delayed(of: store.job(JobID("job"))).count == 1)
    try store.promoteDelayed(at: 10, longest: 60)
    let other = WorkerID("prior-b")
    let retried = try store.lease([(other, 1)], of: .embed, job: job, at: 11) { _, _ in true }
    #expect(retried.map(\.task.id.task) == [failing.id.task])
    try store.fail(record(failing, store), reason: "no", at: 12)
    let scored = try lease(.embed, job, store)
    try store.publish(record(scored, store), scores: [[1]], at: 13)
    #expect(try store.readyWork().count == 1)
    #expect(try !store.queueDepths().isEmpty)
    _ = try store.imagesBetweenPools()

    let running = try store.job(JobID("job"))
    #expect(try store.jobs(limit: 9).count == 1)
    #expect(try store.jobsByState().count == 1)
    #expect(try store.manifest(of: running, after: ImageID(0), limit: 9).lines.count == 4)
    #expect(try store.failureReasons(of: running, limit: 9).count == 2)
    let looked = PictureFilter(state: .failed, text: "P")
    #expect(try store.pictures(of: running, looked, offset: 1, limit: 9).count == 1)
    #expect(try store.count(of: running, looked) == 2)
    #expect(try store.picture(JobID("job"), item: 0, index: 0, of: nil)?.title == "p")
    let failedImage = try #require(try store.image(of: running, item: 1, index: 0))
    #expect(try store.failedAttempts(at: failedImage).map(\.reason) == ["no"])
    try store.setPaused(true, job: running)
    _ = try store.releaseAll(of: running)
    try store.setPaused(false, job: running)
    #expect(try store.retryFailures(of: running) == 2)
    let last = try lease(.embed, job, store)
    _ = try store.cancel(store.job(JobID("job")), at: 14)
    #expect(try store.task(last.id.task)?.state == .cancelled)
    let half = try submit("half", store, prompts: 1, active: false)
    #expect(try store.addImages(to: half, limit: 9) == 0)
    for ending in try store.endings() { while try !store.advance(ending, limit: 1, at: 15) {} }

    // A job that ends with a failure begins at its first stage again.
    let single = try submit("single", store, prompts: 1)
    let only = try lease(.embed, single, store)
    try store.complete(record(only, store), worker: worker, seconds: 1)
    try store.fail(record(try lease(.denoise, single, store), store), reason: "no", at: 16)
    // More than goes at once, as it were.
    for kind in try #require(only.step).outputs { try store.keep(artifact(kind), for: record(only, store)) }
    #expect(try store.endings() == [.completed(job: single)])
    while try !store.advance(.completed(job: single), limit: 1, at: 16) {}
    #expect(try store.endings().isEmpty)
    #expect(try store.retryFailures(of: store.job(JobID("single"))) == 1)
    #expect(try store.expiringJobs(endedBefore: 100, limit: 9).first.map(\.job) == [JobID("job")])
    #expect(try store.expirePictures(endedBefore: 100, at: 101) == [JobID("job")])
    #expect(try store.removals() == [JobID("job")])
    try store.endRemoval(of: JobID("job"))
    let digest = String(repeating: "a", count: 64)
    _ = try submit(
      "varied", store, prompts: 1, operation: .vary(image: SourceFile(digest: digest, name: "a.png"), invert: false))
    #expect(try store.isNamed(source: digest))
    try store.note(ClockRecord(notedAt: 102, jump: ClockJump(from: 1, to: 2, wasAway: true)))
    #expect(try store.clock()?.jump == ClockJump(from: 1, to: 2, wasAway: true))

    let key = IdempotencyKey()
    let accepted = AcceptedSubmission(
      fingerprint: "f", answer: Submitted(job: JobID("single"), items: 1, images: 1, skipped: []))
    try store.accept(accepted, key, job: single)
    #expect(try store.acceptedSubmission(key) == accepted)

    let token = TokenRecord(
      info: TokenInfo(
        id: "t", name: "bob", scopes: [.read, .submit], createdAt: Date(timeIntervalSince1970: 1),
        expiresAt: Date(timeIntervalSince1970: 9)),
      digest: [1, 2, 3])
    try store.add(token)
    #expect(try store.tokens() == [token])
    try store.revokeToken("t", at: 2)
    #expect(try store.tokens().first?.info.revokedAt == Date(timeIntervalSince1970: 2))
    #expect(try store.usage(of: JobOwner.local).items == 2)
    #expect(try store.size(of: single) == OwnerUsage(pictures: 1, items: 1))
    try store.noteUpload(digest, bytes: 5, owner: "bob")
    #expect(try store.uploadedBytes(of: "bob", except: "") == 5)
    #expect(try store.uploadedBytes(of: "bob", except: digest) == 0)
    try store.forgetUploads(of: digest)

    // Files, batches and events of the OpenAI API.
    let file = APIFile(
      id: "file-a", owner: "bob", name: "a.jsonl", purpose: .batch, bytes: 5, createdAt: 1, expiresAt: 9)
    try store.add(file)
    #expect(try store.file("file-a", of: "bob") == file)
    #expect(try store.file("file-a", of: "alice") == nil)
    #expect(try store.isNamed(file: "file-a"))
    for newestFirst in [true, false] {
      #expect(try store.files(of: "bob", after: nil, newestFirst: newestFirst, limit: 9) == [file])
      #expect(try store.files(of: "bob", after: "file-a", newestFirst: newestFirst, limit: 9).isEmpty)
    }
    #expect(try store.fileBytes(of: "bob") == 5)
    #expect(try store.expireFiles(at: 8, limit: 9).isEmpty)
    #expect(try store.expireFiles(at: 9, limit: 9) == ["file-a"])
    #expect(try !store.deleteFile("file-a", of: "bob"))
    var batch = Batch(
      id: "batch_a", owner: "bob", endpoint: "/v1/images/generations", server: "http://localhost", inputFile: "file-a",
      metadata: ["myKey": "v"], outputLifetime: 3600, createdAt: 10)
    try store.add(batch)
    #expect(try store.batch("batch_a") == batch)
    try store.addLines(
      [
        BatchLine(line: 1, customID: "x", item: 0, wantsBytes: true),
        BatchLine(line: 2, customID: "y", item: nil, refusal: "{}"),
      ], to: "batch_a")
    let isBegun = batch.begin(total: 2, refused: 1, model: "m", job: JobID("single"), at: 11)
    #expect(isBegun)
    try store.update(batch)
    #expect(try store.batch("batch_a", of: "bob") == batch)
    #expect(try store.batch("batch_a", of: "alice") == nil)
    #expect(try store.batches(of: "bob", after: nil, limit: 9) == [batch])
    #expect(try store.batches(of: "bob", after: "batch_a", limit: 9).isEmpty)
    #expect(try store.openBatches() == [batch])
    let answers = try store.answers(of: batch, after: 0, limit: 9)
    #expect(answers.map(\.line.customID) == ["x", "y"])
    #expect(answers.map(\.pictures.count) == [1, 0])
    let isEnding = batch.finalize(at: 12)
    let hasEnded = batch.end(outputFile: "o", errorFile: "e", counts: Batch.Counts(total: 2), at: 13)
    #expect(isEnding && hasEnded)
    try store.update(batch)
    #expect(try store.batch("batch_a") == batch)
    #expect(try store.endedBatchesWithLines() == ["batch_a"])
    #expect(try [store.dropLines(of: "batch_a", limit: 1), store.dropLines(of: "batch_a", limit: 9)] == [1, 1])
    var delivery = WebhookDelivery(event: "evt_a", url: "https://a", body: "{}", createdAt: 1, nextAt: 2)
    try store.add(delivery)
    #expect(try store.dueDeliveries(at: 2, limit: 9) == [delivery])
    let isTriedAgain = delivery.failed(at: 3, jitter: 0.5)
    #expect(isTriedAgain)
    try store.update(delivery)
    #expect(try store.dueDeliveries(at: 3, limit: 9).isEmpty)
    try store.remove(delivery)
    #expect(try store.dueDeliveries(at: 100, limit: 9).isEmpty)

    try store.quarantine(
      worker, QuarantineRecord(reason: "hot", failuresInARow: 3, since: 1, nextCanary: 2, pause: 3))
    #expect(try store.quarantine(of: worker)?.reason == "hot")
    try store.endQuarantine(of: worker)
    try store.forgetQuarantines(before: 1)

    // Results that are compared, and who made others; what a worker had a part in is made again.
    let compared = try lease(.embed, single, store)
    try store.hold(
      AnswerRecord(attempt: compared.id.attempt, worker: worker, kind: "k", digest: "a", at: 19),
      of: record(compared, store))
    #expect(try store.hasOpenAnswer(of: worker))
    let repeated = try store.lease([(other, 1)], of: .embed, job: single, at: 20) { _, _ in true }
    #expect(repeated.map(\.task.isCompared) == [true])
    #expect(try store.answers(to: compared.id.task).map(\.digest) == ["a"])
    try store.release(compared.id.task)
    try store.dropAnswers(to: compared.id.task)
    try store.dropAllAnswers()
    try store.noteAgreement(of: worker, in: .upsample, at: 1)
    let contradiction = ContradictionRecord(
      worker: worker, digest: "a", others: [other], otherDigest: "b", task: compared.id.task, stage: .embed,
      job: JobID("single"), at: 22, isOutvoted: true)
    try store.note(contradiction)
    #expect(try store.contradictions(of: worker, limit: 9) == [contradiction])
    #expect(try !store.isDisputed(other, besidesBy: WorkerID("prior-c")))
    var alone = contradiction
    alone.isOutvoted = false
    try store.note(alone)
    #expect(try store.isDisputed(other, besidesBy: WorkerID("prior-c")))
    #expect(try !store.isDisputed(other, besidesBy: worker))
    let suspect = try lease(.embed, single, store)
    try store.complete(record(suspect, store), worker: worker, seconds: 1)
    let held = try lease(.denoise, single, store)
    let whole = try submit("whole", store, prompts: 1)
    for stage in Stage.allCases {
      let made = try lease(stage, whole, store)
      try store.complete(record(made, store), worker: worker, seconds: 1)
      if stage == .upsample {
        try store.publish(record(made, store), file: "w", sha256: "s", size: model.size, at: 23)
      }
    }
    #expect(try store.suspects(of: worker, limit: 9).map(\.job).contains(JobID("whole")))
    let begun = try store.remakeSuspects(of: worker, limit: 99)
    #expect(begun.images >= 2)
    #expect(begun.held.contains(held.id))

    // A checkpoint that is damaged is dropped, and a damaged result is made again once more.
    let leased = try lease(.embed, single, store)
    _ = try store.saveCheckpoint(leased.id, TaskCheckpoint(pass: 0, completedSteps: 1, latents: artifact(.latents)))
    try store.db.execute(sql: "UPDATE checkpoints SET bytes = x'00'")
    #expect(try store.checkpoint(of: leased.id.task) == nil)
    try store.complete(record(leased, store), worker: worker, seconds: 1)
    let second = try lease(.denoise, single, store)
    #expect(try store.remake(second))
    let remade = try lease(.embed, single, store)
    try store.complete(record(remade, store), worker: worker, seconds: 1)
    #expect(try lease(.denoise, single, store).id.task == second.id.task)
    // A job that was to be kept for a time.
    let brief = try store.beginJob(
      JobID("brief"), SubmitOptions(interactive: true), model: model, keepSeconds: 5, at: 1)
    #expect(try store.desertedJobs().isEmpty)
    try store.activateJob(brief)
    #expect(try store.desertedJobs() == [JobID("brief")])
    _ = store.takeEnded()
    _ = try store.cancel(store.job(JobID("brief")), at: 2)
    #expect(store.takeEnded() == [JobID("brief")])
    #expect(try store.expireJobs(at: 7).isEmpty)
    #expect(try store.expireJobs(at: 8).map(\.id) == [JobID("brief")])
    while try !store.advance(.abandoned(job: brief), limit: 9, at: 8) {}
    #expect(throws: AtelierError.self) { try store.job(JobID("brief")) }
    // One that cannot be read.
    try store.giveUp(second.id.task, reason: "unreadable", at: 25)
    let lost = try lease(.embed, submit("lost", store, prompts: 1), store)
    try store.db.execute(sql: "UPDATE tasks SET stage = 'sculpt' WHERE state = 'leased'")
    #expect(try store.freeUnreadableLeases(at: 26).map(\.task).contains(lost.id.task))
  }
}
