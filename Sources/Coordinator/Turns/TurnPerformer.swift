import Shared
import Store

/// Does what turns decide, outside of their transactions. Deciding touches no file and no socket; all of that is here.
protocol TurnPerformer: Sendable {
  /// Gives pictures their names, before the rows that name them are committed. Durable when this returns. If the commit
  /// fails after all, the same pictures come again.
  ///
  /// - Returns: why single pictures cannot be placed; the turn is decided again without their results.
  /// - Throws: `system` if none can, for want of room, say; the turn fails then.
  func place(_ pictures: [PicturePlacement]) throws(AtelierError) -> [TaskAttempt: String]

  /// Does all else that a turn has decided, now that it is durable, in the order in which it was decided.
  ///
  /// - Returns: what the next turn has to know of it.
  func perform(_ actions: [Action]) -> [TurnEngine.Event]
}
