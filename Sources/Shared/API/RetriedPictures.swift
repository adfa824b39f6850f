/// Pictures that are made again because of the worker that had a part in them.
package struct RetriedPictures: Sendable, Codable, Equatable {
  package var worker: WorkerID
  /// How many.
  package var images: Int
  /// Whether there may be more: ask again.
  package var more: Bool

  package init(worker: WorkerID, images: Int, more: Bool) {
    self.worker = worker
    self.images = images
    self.more = more
  }
}
