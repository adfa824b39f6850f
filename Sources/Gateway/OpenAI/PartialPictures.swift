import Coordinator
import Shared

/// Shows a job's first picture while it is made: so many PNG files at most, evenly spread over its steps. The stream ends
/// with the picture, and nothing is made for who does not listen.
typealias PartialPictures = @Sendable (_ job: JobID, _ count: Int) -> AsyncStream<[UInt8]>

extension Coordinator {
  /// The previews that workers make.
  var partialPictures: PartialPictures {
    { [self] job, count in
      let previews = previews(of: job, item: 0, index: 0, partials: count)
      return AsyncStream { continuation in
        let listening = Task {
          for await preview in previews { continuation.yield(preview.bytes) }
          continuation.finish()
        }
        continuation.onTermination = { _ in listening.cancel() }
      }
    }
  }
}
