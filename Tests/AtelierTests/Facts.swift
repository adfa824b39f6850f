import Foundation
import Shared
import TestSupport

/// Facts as a coordinator tells them, with something in every place.
enum Facts {
  static let model = ModelInfo(
    name: "starter", digest: "ab", size: PictureSize(width: 64, height: 64), defaults: .karlo, readsPictures: true)

  static var job: JobStatus {
    var images = ImageCounts()
    images[.pending] = 3
    images[.completed] = 2
    images[.failed] = 1
    var (embed, denoise) = (StageCounts(stage: .embed), StageCounts(stage: .denoise))
    embed.done = 4
    embed.running = 1
    embed.waiting = 1
    denoise.done = 2
    denoise.waiting = 2
    return JobStatus(
      id: JobID("job-a"), name: "cats.txt", state: .active, model: "starter", modelDigest: "ab", priority: 3,
      createdAt: Date(timeIntervalSince1970: 1000), finishedAt: Date(timeIntervalSince1970: 1125), items: 3,
      images: images, stages: [embed, denoise, StageCounts(stage: .upsample)], picturesPerMinute: 12.4,
      secondsLeft: 15, waitingFor: ["No decoder worker is connected."])
  }

  static let worker = WorkerStatus(
    id: WorkerID("decoder-a"), pool: .decoder, state: .quarantined, reason: "No memory.", host: "host7",
    processId: 4211, threads: 3, version: "1", models: [model], capacity: 4, held: 2,
    running: [
      WorkerStatus.Running(task: TaskID(118), attempt: 2, job: JobID("job-a"), stage: .denoise, step: 3, steps: 25)
    ], completed: 7, failed: 1, secondsSinceHeard: 0.5)

  static let cluster = ClusterStatus(
    state: "disk_full", message: "The disk is full.", since: Date(timeIntervalSince1970: 2000), damage: ["A picture."],
    stalled: ["decoder-b: No progress."],
    expiryHalted: "The clock was set.", version: "1", startedAt: Date(timeIntervalSince1970: 1000), workersConnected: 2,
    workersQuarantined: 1)

  static let submitted = Submitted(
    job: JobID("job-a"), items: 3, images: 6, skipped: [SkippedLine(line: 2, reason: "The prompt is empty.")],
    cut: [CutLine(line: 3, texts: [CutText(field: "prompt", lost: "on a table")])])

  static let line = ManifestLine(
    job: JobID("job-a"), item: 4, line: 5, index: 1, count: 2, customId: "first", state: .completed,
    operation: .vary(image: SourceFile("cat.png"), invert: true), prompt: "a cat", negativePrompt: "a dog",
    cut: [CutText(field: "prompt", lost: "on a table")],
    seed: UInt64.max, model: "starter", modelDigest: "ab",
    parameters: RenderParameters(
      priorSteps: 3, decoderSteps: 4, superResSteps: 5, priorGuidance: 1.5, decoderGuidance: 2.5, sampler: .solver,
      eta: 0.5, decoderGuidanceStart: 0.25, decoderGuidanceEnd: 0.75, cacheInterval: 2),
    size: PictureSize(width: 24, height: 40), resampledFrom: PictureSize(width: 64, height: 64), file: "a-cat.png",
    sha256: "cd", scores: [[0.5, 0.25]],
    stages: [
      ManifestLine.StageRecord(stage: .embed, worker: "prior-a", attempts: 2, seconds: 1.5, kind: "1.0 (avx2)")
    ], error: "None.")
}
