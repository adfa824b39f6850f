import GRDB
import Shared

/// The questions and changes that the store knows, within one transaction. Extensions group them by subject; they hold
/// all SQL that there is, in whole sentences with named arguments.
package struct StoreTransaction {
  let db: Database
  private let statements: CompiledStatements
  /// Written into the counters by ``writeCounters()``.
  let counting = Counting()

  /// What has changed and is not in the counters yet; shared by the copies of a transaction.
  final class Counting {
    var tally = Tally()
    /// Jobs that were completed and have more left of their stages than was dropped with that.
    var leftovers: [JobNumber] = []
    /// Images that were finished or failed.
    var imageEndings: [ImageEnding] = []
  }

  init(db: Database, statements: CompiledStatements) {
    self.db = db
    self.statements = statements
  }

  /// Makes a change.
  ///
  /// - Parameter sql: one sentence that stands in the program, with an argument `:name` for each value.
  /// - Returns: how many rows it hit.
  @discardableResult
  func change(_ sql: StaticString, _ values: NamedValues = [:]) throws -> Int {
    let compiled = try statements.statement(sql, in: db)
    try compiled.bind(values)
    try compiled.statement.execute()
    return db.changesCount
  }

  /// The number of the row that was added last.
  var lastRow: Int64 { db.lastInsertedRowID }

  /// Asks for rows, each of which `read` makes a value of.
  ///
  /// - Throws: `internal` if `read` asks for a column that is not selected, `system` caused by an
  ///   ``UnreadableValue`` for a value that this version does not know, or SQLite's error.
  func rows<Value>(
    _ sql: StaticString, _ values: NamedValues = [:], _ read: (StoredRow) throws -> Value
  ) throws -> [Value] {
    let compiled = try statements.statement(sql, in: db)
    try compiled.bind(values)
    let cursor = try Row.fetchCursor(compiled.statement)
    var found: [Value] = []
    while try cursor.next() != nil { found.append(try read(StoredRow(of: compiled, statements.parameters))) }
    return found
  }

  /// Asks for rows as ``rows(_:_:_:)`` does, and passes over those that this version cannot read: one that was damaged, or
  /// written by another version, costs only itself.
  func readableRows<Value>(
    _ sql: StaticString, _ values: NamedValues = [:], _ read: (StoredRow) throws -> Value
  ) throws -> [Value] {
    try rows(sql, values) { row -> Value? in
      do {
        return try read(row)
      } catch let error as AtelierError where error.isOfRow {
        return nil
      }
    }.compactMap { $0 }
  }

  /// Asks for one row; nil if there is none. Of several it is the first.
  func row<Value>(
    _ sql: StaticString, _ values: NamedValues = [:], _ read: (StoredRow) throws -> Value
  ) throws -> Value? { try rows(sql, values, read).first }

  /// Makes the changes of `body` or, if it throws, none of them; the transaction goes on either way.
  ///
  /// - Throws: what ended the whole transaction: a full disk, say.
  package func attempt<Value>(_ body: () throws -> Value) throws -> Result<Value, any Error> {
    let before = (counting.tally, counting.leftovers, counting.imageEndings)
    var result: Result<Value, any Error>?
    do {
      try db.inSavepoint {
        let value = try body()
        result = .success(value)
        return .commit
      }
    } catch let error as DatabaseError where !db.isInsideTransaction || Self.endsTransaction(error) {
      throw error
    } catch {
      (counting.tally, counting.leftovers, counting.imageEndings) = before
      if !(error is AtelierError) { statements.forget() }
      return .failure(error)
    }
    return result ?? .failure(AtelierError(.internal, "A savepoint ended without a result."))
  }

  /// Errors after which SQLite may have undone the whole transaction, so that nothing may go on in it.
  private static func endsTransaction(_ error: DatabaseError) -> Bool {
    [.SQLITE_FULL, .SQLITE_IOERR, .SQLITE_NOMEM, .SQLITE_CORRUPT, .SQLITE_READONLY].contains(error.resultCode)
  }
}
