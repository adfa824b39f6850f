import GRDB
import Shared

extension Migrations {
  /// Refuses a database that is not Atelier's or that a newer version of it has changed. Changes nothing.
  ///
  /// - Parameter path: what the error calls it.
  /// - Throws: `malformed` or `wrongState`, or SQLite's error.
  static func check(_ db: Database, path: String) throws {
    let known = all
    let applied = try known.appliedIdentifiers(db)
    let tables =
      try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'") ?? 0
    guard !applied.isDisjoint(with: known.migrations) || (applied.isEmpty && tables == 0) else {
      throw AtelierError(
        .malformed, "'\(path)' is a database of another program. Nothing was changed. Move it away, or name another.")
    }
    let unknown = applied.subtracting(known.migrations).sorted()
    if unknown.isEmpty { return }
    throw AtelierError(
      .wrongState,
      "A newer version of Atelier has changed the database '\(path)' ('\(unknown.joined(separator: "', '"))'); this one is \(AtelierVersion.current) and does not know it. Nothing was changed. Use the newer version, or let 'atelier restore FILE' put a copy in its place that was made before."
    )
  }
}
