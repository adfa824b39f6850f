import GRDB

/// The statements of one connection, each compiled at its first use and kept.
///
/// A statement is known by where its text stands in the program, not by the text: to hash and compare some hundred bytes
/// costs about as much as to run it. For the connection's queue alone.
final class CompiledStatements: @unchecked Sendable {
  private var byAddress: [UnsafePointer<UInt8>: Statement] = [:]

  func statement(_ sql: StaticString, in db: Database) throws -> Statement {
    if let known = byAddress[sql.utf8Start] { return known }
    let statement = try db.makeStatement(sql: sql.description)
    byAddress[sql.utf8Start] = statement
    return statement
  }

  /// Drops all: after a failure, since a statement that has failed cannot be used again; and before the connection is
  /// closed.
  func forget() { byAddress.removeAll() }
}
