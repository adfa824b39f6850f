extension Migrations {
  /// Jobs that somebody waits for.
  static let interactive = """
    ALTER TABLE jobs ADD COLUMN is_interactive INTEGER NOT NULL DEFAULT 0;
    """
}
