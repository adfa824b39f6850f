import Logging
import Shared

/// What a turn has decided to do. Nothing of it happens before the turn is durable, so that nothing is said that could
/// be undone. Finished pictures, which must have their names before the rows that name them, are ``PicturePlacement``s.
enum Action: Sendable {
  /// Say something to a worker, under a number.
  case send(Wire.FromCoordinator.OneOf_Body, to: WorkerID, number: UInt64)
  /// Hand tasks to a worker, with the files that they read, in a message of this number.
  case assign([AssignedTask], to: WorkerID, number: UInt64)
  /// Forget a picture that was put aside and is not needed.
  case discard(String)
  /// Remove the pictures of jobs that are no longer kept, and what is left of earlier removals.
  case removePictures([JobID])
  /// Tell who watches a picture that it has ended.
  case endPreviews(of: PictureID)
  /// Look which files are there that requests came with.
  case lookForSources
  /// Remove files that no request names, unless somebody has asked for them lately.
  case removeSources([String], at: ContinuousClock.Instant)
  /// Said only of turns that happened.
  case log(Logger.Level, String, Logger.Metadata)
}

/// A task on its way to a worker, without the files that it reads.
struct AssignedTask: Sendable {
  var task: StageTask
  /// The SHA-256 of each file.
  var sources: [String]
}

/// A finished picture that gets its name.
struct PicturePlacement: Sendable {
  /// The attempt whose result it is.
  var attempt: TaskAttempt
  /// Where it was put aside, as ``PictureStore/stage(_:)`` named it; nil if it was not.
  var staged: String?
  /// A PNG file.
  var bytes: [UInt8]
  /// Relative to the picture folder.
  var name: String
}
