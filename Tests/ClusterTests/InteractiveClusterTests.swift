import Coordinator
import Foundation
import Shared
import TestSupport
import Testing
import Worker

/// People who wait for a picture, or watch it, beside a batch that nobody waits for.
@Suite(.serialized) struct InteractiveClusterTests {
  @Test func `a picture that somebody waits for is finished long before a batch of higher priority`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior, executor: FakeExecutor(pause: .milliseconds(20)), capacity: 4)
    cluster.addWorker(.decoder, executor: FakeExecutor(pause: .milliseconds(40)), capacity: 4)
    let prompts = (0..<300).map { "prompt \($0)\n" }.joined()
    let batch = try await cluster.submit(prompts, options: SubmitOptions(priority: 5))
    #expect(try await eventually { try await cluster.coordinator.job(batch).images.completed >= 1 })
    let job = try await cluster.submit("now\n", options: SubmitOptions(interactive: true))
    let status = try await cluster.end(of: job)
    #expect(status.images.completed == 1 && status.interactive)
    let left = try await cluster.coordinator.job(batch).images.pending
    #expect(left > 150, "\(left) pictures of the batch were left")
    _ = try await cluster.coordinator.cancel(batch)
    try await cluster.stop()
  }

  @Test func `a batch is no interactive job`() async throws {
    let cluster = try TestCluster()
    let many = (0...SubmitOptions.mostInteractive).map { "prompt \($0)\n" }.joined()
    let error = await #expect(throws: AtelierError.self) {
      try await cluster.submit(many, options: SubmitOptions(interactive: true))
    }
    #expect(error?.code == .invalidInput && error?.message.contains("may have 100 pictures") == true)
    #expect(try await cluster.coordinator.jobs(limit: 9).isEmpty)
    try await cluster.stop()
  }

  @Test func `who watches a picture sees it half made, until it is finished`() async throws {
    let cluster = try TestCluster()
    cluster.addWorker(.prior)
    let job = try await cluster.submit("a\n")
    let coordinator = cluster.coordinator
    let viewer = Task {
      var seen: [PicturePreview] = []
      for await preview in coordinator.previews(of: job, item: 0, index: 0, partials: 3) { seen.append(preview) }
      return seen
    }
    let other = Task {
      var seen = 0
      for await _ in coordinator.previews(of: job, item: 1, index: 0) { seen += 1 }
      return seen
    }
    // There is no such picture.
    #expect(await other.value == 0)
    cluster.addWorker(
      .decoder, executor: FakeExecutor(pause: .milliseconds(400), steps: 8, showsPreviews: true))
    let seen = await viewer.value
    #expect((1...3).contains(seen.count), "\(seen.count)")
    for preview in seen {
      #expect(preview.picture == PictureID(job: job, item: 0, index: 0))
      #expect(preview.bytes == PictureHead.png(width: 8, height: 8) && preview.mediaType == "image/png")
      #expect(preview.size == PictureSize(width: 8, height: 8) && preview.steps == 8)
      #expect(preview.stage == (preview.done > 0.5 ? .upsample : .denoise))
    }
    #expect(seen.map(\.done) == seen.map(\.done).sorted())
    // The stream has ended with the picture.
    #expect(try await eventually { try await coordinator.job(job).images.completed == 1 })
    #expect(coordinator.newestPreview(of: job, item: 0, index: 0) == nil)
    try await cluster.stop()
  }
}
