package import GRDB

/// Compares the counters of tasks and images with the rows that they count.
package enum Counters {
  /// One line for each counter that is wrong.
  package static func wrong(in db: Database) throws -> [String] {
    try String.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT 'tasks of job ' || job || ', ' || stage || ' ' || state || ': ' || sum(counted) || ' counted, '
            || sum(there) || ' there'
          FROM (
            SELECT job, stage, state, n AS counted, 0 AS there FROM task_counts
            UNION ALL SELECT job, stage, state, 0, count(*) FROM tasks GROUP BY 1, 2, 3
          ) GROUP BY job, stage, state HAVING sum(counted) <> sum(there)
          UNION ALL
          SELECT 'images of job ' || job || ', ' || state || ': ' || sum(counted) || ' counted, ' || sum(there) || ' there'
          FROM (
            SELECT job, state, n AS counted, 0 AS there FROM image_counts
            UNION ALL SELECT job, state, 0, count(*) FROM images GROUP BY 1, 2
          ) GROUP BY job, state HAVING sum(counted) <> sum(there)
          """))
  }
}
