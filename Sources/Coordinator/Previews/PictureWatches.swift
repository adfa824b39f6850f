import Shared

/// Which pictures people want to see previews of, and what workers were told of that.
struct PictureWatches: Sendable {
  /// What is wanted at one moment; a later one has a higher number.
  struct Wishes: Sendable {
    var number: Int
    var pictures: [PictureID: PreviewWish]
  }

  /// The pictures that have not ended.
  private(set) var pictures: [PictureID: PreviewWish] = [:]
  private var number = 0
  /// What each worker was told last; none for one that was told of no task.
  var told: [WorkerID: PreviewWatch] = [:]
  /// Pictures of which a worker held a task when it was last looked.
  var held: Set<PictureID> = []
  /// When it was last looked whether pictures that nobody holds have ended.
  var looked: ContinuousClock.Instant?

  /// How often that is looked at: each costs a question to the store.
  static let pause = Duration.milliseconds(500)

  /// Whether nothing is watched, and no worker thinks so.
  var isIdle: Bool { pictures.isEmpty && told.isEmpty }

  /// Takes what is wanted now, unless something newer is known.
  mutating func take(_ wishes: Wishes) {
    guard wishes.number > number else { return }
    (number, pictures) = (wishes.number, wishes.pictures)
    looked = nil
  }

  /// A picture has ended, and is watched no more.
  mutating func end(_ picture: PictureID) { pictures[picture] = nil }
}
