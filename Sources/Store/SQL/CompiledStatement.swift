import GRDB
import GRDBSQLite
import Shared

/// A statement of the program, compiled once.
///
/// Arguments and columns are known by name; where a name stands is found out at the first use and remembered by where
/// its text stands in the program, so that a name costs a comparison of addresses.
final class CompiledStatement {
  let statement: Statement
  /// Without their colons, in the order in which SQLite numbers them.
  private let argumentNames: [String]
  /// The names of the values of the call that is remembered, and the number of the argument that each is for.
  private var rememberedArguments: [(name: UnsafePointer<UInt8>, number: Int32)] = []
  private let columnIndices: [String: Int]
  /// The columns in the order in which a row was read.
  private var rememberedColumns: [(name: UnsafePointer<UInt8>, index: Int)] = []
  /// Columns of the current row that were read so far.
  private var readsOfRow = 0
  /// Of each column, whether a row's value of it was ever read: what ``unreadColumns`` tells a test.
  private var wasRead: [Bool]

  /// - Throws: `internal` if an argument has no name, or GRDB's error if SQLite does not understand the text.
  init(_ sql: StaticString, in db: Database) throws {
    statement = try db.makeStatement(sql: sql.description)
    // From here on values are bound here.
    statement.setUncheckedArguments([])
    let handle = statement.sqliteStatement
    argumentNames = try (0..<sqlite3_bind_parameter_count(handle)).map { index in
      guard let name = sqlite3_bind_parameter_name(handle, index + 1) else {
        throw AtelierError(.internal, "An argument of '\(sql)' has no name.")
      }
      return String(String(cString: name).dropFirst())
    }
    let names = statement.columnNames
    columnIndices = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    wasRead = names.map { _ in false }
  }

  /// Gives the arguments their values, for the run that follows.
  ///
  /// - Throws: `internal` if an argument has no value, or a value no argument; GRDB's error if SQLite takes no such value.
  func bind(_ named: NamedValues) throws {
    let handle = statement.sqliteStatement
    sqlite3_reset(handle)
    if named.elements.count != rememberedArguments.count { try remember(named) }
    for index in named.elements.indices {
      if rememberedArguments[index].name != named.elements[index].name.utf8Start { try remember(named) }
      let number = rememberedArguments[index].number
      let code = named.elements[index].value?.bind(to: handle, at: number) ?? sqlite3_bind_null(handle, number)
      guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code), sql: statement.sql) }
    }
  }

  /// Finds out by name which value goes where; needed once for each place in the program that uses the statement.
  private func remember(_ named: NamedValues) throws {
    let names = named.elements.map(\.name.description)
    guard Set(names) == Set(argumentNames), names.count == argumentNames.count else {
      throw AtelierError(.internal, "The arguments \(names) are not those of '\(statement.sql)'.")
    }
    rememberedArguments = named.elements.map { element in
      let number = argumentNames.firstIndex(of: element.name.description) ?? 0
      return (element.name.utf8Start, Int32(number + 1))
    }
  }

  /// Goes to the next row, or makes the change. SQLite is called as it is: GRDB's cursors make a copy of what they know of
  /// the columns each time.
  ///
  /// - Returns: whether there is a row. After the last the statement is at its beginning again.
  /// - Throws: GRDB's error of what SQLite says.
  func step() throws -> Bool {
    let handle = statement.sqliteStatement
    let code = sqlite3_step(handle)
    if code == SQLITE_ROW { return true }
    let message = code == SQLITE_DONE ? nil : String(cString: sqlite3_errmsg(sqlite3_db_handle(handle)))
    sqlite3_reset(handle)
    guard let message else { return false }
    throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message, sql: statement.sql)
  }

  /// Leaves the rows that were not asked for: an open one would keep the transaction from ending.
  func end() { sqlite3_reset(statement.sqliteStatement) }

  /// A row begins to be read.
  func beginRow() { readsOfRow = 0 }

  /// Where a column stands.
  ///
  /// - Throws: `internal` if the statement selects no such column.
  func index(of column: StaticString) throws -> Int {
    let turn = readsOfRow
    readsOfRow += 1
    if turn < rememberedColumns.count, rememberedColumns[turn].name == column.utf8Start {
      return rememberedColumns[turn].index
    }
    guard let index = columnIndices[column.description] else {
      throw AtelierError(.internal, "The statement '\(statement.sql)' selects no column '\(column)'.")
    }
    wasRead[index] = true
    if turn == rememberedColumns.count { rememberedColumns.append((column.utf8Start, index)) }
    return index
  }

  /// Columns that are selected and were never read.
  var unreadColumns: [String] { zip(statement.columnNames, wasRead).filter { !$1 }.map(\.0) }
}
