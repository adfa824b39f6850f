/// A part of a job's pictures, in their order: what `GET /api/v1/jobs/JOB/pictures` answers.
package struct PictureList: Sendable, Codable, Equatable {
  /// How many fit the question, those of other parts too; nil where the job's own counters say it.
  package var total: Int?
  package var pictures: [ListedPicture]

  package init(total: Int?, pictures: [ListedPicture]) {
    self.total = total
    self.pictures = pictures
  }
}

/// Which pictures of a job are asked for.
package struct PictureFilter: Sendable, Equatable {
  /// Nil for those in any state.
  package var state: ImageState?
  /// A part of the prompt, of another text of the request, or of the name that a client gave it; upper and lower case of
  /// ASCII letters are the same. Nil for all.
  package var text: String?

  package init(state: ImageState? = nil, text: String? = nil) {
    self.state = state
    self.text = text
  }
}

/// Enough of a picture to show it among others.
package struct ListedPicture: Sendable, Codable, Equatable {
  package var job: JobID
  /// The item's index in the job, from 0.
  package var item: Int
  /// Which picture of the item, from 0.
  package var index: Int
  /// How many pictures the item has.
  package var count: Int
  package var state: ImageState
  /// What a person would call it.
  package var title: String
  /// Of its file, in hexadecimal; nil while there is none.
  package var sha256: String?
  /// Whether the file is there.
  package var isKept: Bool
  /// Why it failed; nil unless it has.
  package var error: String?

  package init(
    job: JobID, item: Int, index: Int, count: Int, state: ImageState, title: String, sha256: String?, isKept: Bool,
    error: String?
  ) {
    self.job = job
    self.item = item
    self.index = index
    self.count = count
    self.state = state
    self.title = title
    self.sha256 = sha256
    self.isKept = isKept
    self.error = error
  }
}
