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
  /// - Parameter end: waits for the end of the job; throws if not all of its pictures are there.
  func sent(_ end: @escaping @Sendable () async throws -> JobStatus) -> AsyncThrowingStream<ByteBuffer, any Error> {
    AsyncThrowingStream { continuation in
      let work = Task {
        do {
          let status = try await whileShowing({ continuation.yield($0) }, end)
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
  private func whileShowing(
    _ send: @escaping @Sendable (ByteBuffer) -> Void, _ end: () async throws -> JobStatus
  ) async throws -> JobStatus {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await Task.sleep(for: Self.pulse)
          send(ImageEvent.pulse)
        }
      }
      group.addTask {
        guard partialImages > 0 else { return }
        var index = 0
        for await png in partials(job, partialImages) where index < partialImages {
          send(try ImageEvent(endpoint, png: png, partial: index, size: size, at: Date()).sent())
          index += 1
        }
      }
      let status = try await end()
      group.cancelAll()
      while await group.nextResult() != nil {}
      return status
    }
  }
}
