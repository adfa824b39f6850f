import Foundation
import GRDB
import Shared

/// Who changes the state of a task or an image says so to the tally, in the same transaction; so the counters agree with
/// the rows. Changes that hit rows of unknown states go through `moveTasks` and `moveImages`, which count them first.
extension StoreTransaction {
  /// One task changes its state.
  func count(_ task: TaskRecord, becomes state: TaskState) {
    counting.tally.add(-1, task.stage, task.state, of: task.job)
    counting.tally.add(1, task.stage, state, of: task.job)
  }

  /// The image of a task changes its state.
  func count(imageOf task: TaskRecord, becomes state: ImageState) {
    counting.tally.add(-1, task.imageState, of: task.job)
    counting.tally.add(1, state, of: task.job)
  }

  /// Gives tasks another state.
  ///
  /// - Parameters:
  ///   - condition: chooses them, in terms of the columns of `tasks`. Its text is the program's, never a user's.
  ///   - changes: other columns that are set as well, to `values`.
  func moveTasks(
    to state: TaskState, where condition: String, _ arguments: StatementArguments, also changes: String = "",
    _ values: StatementArguments = []
  ) throws {
    let rows = try move(
      "tasks", by: "job, stage, state", to: state.rawValue, where: condition, arguments, changes, values)
    for row in rows {
      let (job, count): (Int64, Int) = (row[0], row[3])
      let (stage, before) = (try Self.stage(row[1]), try Self.taskState(row[2]))
      counting.tally.add(-count, stage, before, of: job)
      counting.tally.add(count, stage, state, of: job)
    }
  }

  /// Gives images another state, as `moveTasks` does tasks.
  func moveImages(
    to state: ImageState, where condition: String, _ arguments: StatementArguments, also changes: String = "",
    _ values: StatementArguments = []
  ) throws {
    let rows = try move("images", by: "job, state", to: state.rawValue, where: condition, arguments, changes, values)
    for row in rows {
      let (job, count): (Int64, Int) = (row[0], row[2])
      counting.tally.add(-count, try Self.imageState(row[1]), of: job)
      counting.tally.add(count, state, of: job)
    }
  }

  /// Gives rows another state.
  ///
  /// - Returns: by the columns that are named, as they were before, how many rows there were.
  private func move(
    _ table: String, by columns: String, to state: String, where condition: String, _ arguments: StatementArguments,
    _ changes: String, _ values: StatementArguments
  ) throws -> [Row] {
    let rows = try Row.fetchAll(
      db.cachedStatement(sql: "SELECT \(columns), count(*) FROM \(table) WHERE \(condition) GROUP BY \(columns)"),
      arguments: arguments)
    if !rows.isEmpty {
      try db.cachedStatement(sql: "UPDATE \(table) SET state = '\(state)' \(changes) WHERE \(condition)")
        .execute(arguments: values + arguments)
    }
    return rows
  }

  /// How many images of a job are pending.
  func pendingImages(of job: Int64) throws -> Int {
    try counting.tally.pending(of: job) {
      try Int.fetchOne(
        compiled("SELECT n FROM image_counts WHERE job = ? AND state = 'pending'"), arguments: [job]) ?? 0
    }
  }

  /// Writes what the tally has gathered, before the counters are read and before the end of the transaction.
  func settle() throws {
    guard !counting.tally.isEmpty else { return }
    let tasks = try compiled(
      "INSERT INTO task_counts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n")
    let images = try compiled(
      "INSERT INTO image_counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n")
    try counting.tally.settle { job, stage, state, change in
      try tasks.execute(arguments: [job, stage.rawValue, state.rawValue, change])
    } images: { job, state, change in
      try images.execute(arguments: [job, state.rawValue, change])
    }
  }

  static func stage(_ text: String) throws -> Stage {
    guard let stage = Stage(rawValue: text) else { throw unknown("stage", text) }
    return stage
  }

  static func taskState(_ text: String) throws -> TaskState {
    guard let state = TaskState(rawValue: text) else { throw unknown("state of a task", text) }
    return state
  }

  static func imageState(_ text: String) throws -> ImageState {
    guard let state = ImageState(rawValue: text) else { throw unknown("state of an image", text) }
    return state
  }

  private static func unknown(_ what: String, _ text: String) -> AtelierError {
    AtelierError(.malformed, "The database names an unknown \(what) '\(text)'.")
  }
}
