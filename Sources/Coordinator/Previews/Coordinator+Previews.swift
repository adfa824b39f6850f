package import Shared

/// Pictures while they are made.
extension Coordinator {
  /// What a picture would become, as its steps are made. To listen is to watch: workers make previews of what is watched
  /// only. The stream ends when the picture is finished, failed or cancelled (at once if it is so already, or if there is
  /// none), at shutdown, and at once where so much is watched that there is no room; who stops listening watches no more.
  ///
  /// - Parameter partials: how many previews are wanted, at even distances of the picture's steps: of 3 the first after a
  ///   quarter. Fewer come where steps are few or a link is slow. Nil for as many as come, of which late listeners miss
  ///   some.
  package func previews(
    of job: JobID, item: Int, index: Int, partials: Int? = nil
  ) -> AsyncStream<PicturePreview> {
    previewBoard.watch(PictureID(job: job, item: item, index: index), partials: partials)
  }

  /// The last preview of a picture that somebody watches; nil if none has come, or nobody does.
  package func newestPreview(of job: JobID, item: Int, index: Int) -> PicturePreview? {
    previewBoard.newest(of: PictureID(job: job, item: item, index: index))
  }

  /// Has a picture watched for some seconds, for who asks again before they are over.
  ///
  /// - Returns: its last preview; nil if none has come yet.
  package func keepWatching(_ job: JobID, item: Int, index: Int) -> PicturePreview? {
    let picture = PictureID(job: job, item: item, index: index)
    previewBoard.keep(picture, for: Self.watchedFor)
    return previewBoard.newest(of: picture)
  }

  /// How long one question keeps a picture watched.
  private static let watchedFor = Duration.seconds(10)
}
