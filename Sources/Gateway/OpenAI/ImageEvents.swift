import Coordinator
import Foundation
import NIOCore
import Shared

/// What a streamed answer has, as it happens.
struct ImageEvents: Sendable {
  let coordinator: Coordinator
  let partials: PartialPictures
  let endpoint: ImageCall.Endpoint
  /// How many unfinished pictures there are at most.
  let partialImages: Int
  /// Of the finished picture.
  let size: PictureSize
  let job: JobID

  /// So often something is sent, whatever happens.
  private static let pulse = Duration.seconds(15)

  /// The events as they are sent, the last of which has the finished picture.
  ///
  /// - Parameters:
  ///   - check: throws if pictures of a job that has ended are not there.
  ///   - timeout: what is thrown when it takes too long.
  func sent(
    check: @escaping @Sendable (JobStatus) async throws -> Void,
    timeout: @escaping @Sendable (JobID) async throws -> OpenAIError
  ) -> AsyncThrowingStream<ByteBuffer, any Error> {
    AsyncThrowingStream { continuation in
      let work = Task {
        do {
          let status = try await end { continuation.yield($0) }
          guard let status else { throw try await timeout(job) }
          try await check(status)
          let png = try await coordinator.picture(job: job, item: 0, index: 0)
          let event = ImageEvent(
            endpoint, png: Array(png), size: size, at: status.finishedAt ?? Date())
          continuation.yield(try event.sent())
          continuation.finish()
        } catch {
          continuation.finish(throwing: OpenAIError(of: error) ?? error)
        }
      }
      continuation.onTermination = { _ in work.cancel() }
    }
  }

  /// Waits for the end of the job, and sends what comes before. When it returns, nothing more is sent.
  private func end(_ send: @escaping @Sendable (ByteBuffer) -> Void) async throws -> JobStatus? {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await Task.sleep(for: Self.pulse)
          send(ImageEvent.pulse)
        }
      }
      group.addTask {
        guard partialImages > 0 else { return }
        var selection = PartialSelection(partialImages)
        for await partial in partials(job) {
          guard let index = selection.index(at: partial.progress) else { continue }
          send(try ImageEvent(endpoint, png: partial.png, partial: index, size: size, at: Date()).sent())
        }
      }
      let (coordinator, job) = (coordinator, job)
      let status = try await within(coordinator.openAI.timeout) { try await coordinator.finished(job) }
      group.cancelAll()
      while await group.nextResult() != nil {}
      return status
    }
  }
}
