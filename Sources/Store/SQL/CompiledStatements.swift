import GRDB

/// The statements of one connection, each compiled at its first use and kept.
///
/// A statement is known by where its text stands in the program, not by the text: to hash and compare some hundred
/// bytes costs about as much as to run it. For the connection's queue alone.
final class CompiledStatements: @unchecked Sendable {
  private var byAddress: [UnsafePointer<UInt8>: CompiledStatement] = [:]
  /// Parameters by the text under which the store keeps them: most items of a job have the same.
  let parameters = ParameterCache()

  /// The compiled statement of a text of the program, compiled now if this is its first use.
  func statement(_ sql: StaticString, in db: Database) throws -> CompiledStatement {
    if let known = byAddress[sql.utf8Start] { return known }
    let statement = try CompiledStatement(sql, in: db)
    byAddress[sql.utf8Start] = statement
    return statement
  }

  /// Drops all: after a failure, since a statement that has failed cannot be used again; and before the connection is
  /// closed.
  func forget() { byAddress.removeAll() }

  /// Statements with columns that they select and nobody has read.
  var unreadColumns: [(sql: String, columns: [String])] {
    byAddress.values.filter { !$0.unreadColumns.isEmpty }.map { ($0.statement.sql, $0.unreadColumns) }
  }

  var count: Int { byAddress.count }
}
