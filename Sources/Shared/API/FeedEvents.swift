/// The data of an event `pictures`: images of one job that were finished or failed.
package struct PictureEndings: Sendable, Codable, Equatable {
  /// One of them.
  package struct Ending: Sendable, Codable, Equatable {
    /// The item's index in the job and the picture's in the item, from 0.
    package var item: Int
    package var index: Int
    package var customId: String?
    package var state: ImageState

    package init(item: Int, index: Int, customId: String?, state: ImageState) {
      self.item = item
      self.index = index
      self.customId = customId
      self.state = state
    }
  }

  package var job: JobID
  package var pictures: [Ending]

  package init(job: JobID, pictures: [Ending]) {
    self.job = job
    self.pictures = pictures
  }
}

/// The data of an event `worker_left`.
package struct WorkerLeft: Sendable, Codable, Equatable {
  package var id: WorkerID

  package init(id: WorkerID) { self.id = id }
}

/// The data of an event `reset`: what came since the id that the client showed is not known any more, so that it has to
/// ask anew for what it shows.
package struct FeedReset: Sendable, Codable, Equatable {
  package init() {}
}
