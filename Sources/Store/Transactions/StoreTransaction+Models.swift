package import Shared

extension StoreTransaction {
  /// Remembers a model of the configuration. One with this digest is brought up to date; models are never forgotten,
  /// since jobs name them.
  package func register(_ model: ModelInfo, at now: Double) throws {
    try change(
      """
      INSERT INTO models (digest, name, width, height, defaults, reads_pictures, has_prior, limits, seen_at)
      VALUES (:digest, :name, :width, :height, :defaults, :reads_pictures, :has_prior, :limits, :now)
      ON CONFLICT (digest) DO UPDATE SET name = excluded.name, width = excluded.width, height = excluded.height,
        defaults = excluded.defaults, reads_pictures = excluded.reads_pictures, has_prior = excluded.has_prior,
        limits = excluded.limits, seen_at = excluded.seen_at
      """,
      [
        "digest": model.digest, "name": model.name, "width": model.size.width, "height": model.size.height,
        "defaults": try ParameterCache.text(model.defaults.filled(from: .karlo)),
        "reads_pictures": model.readsPictures, "has_prior": model.hasPrior,
        "limits": try ParameterCache.text(model.limits), "now": now,
      ])
  }

  /// Remembers a model that a worker brings. What is known of these weights already stays as it is: no worker decides
  /// what a model is that others hold too. Limits that an earlier version did not ask for are filled in.
  package func announce(_ model: ModelInfo, at now: Double) throws {
    let known = try change(
      """
      UPDATE models SET seen_at = :now, limits = CASE WHEN limits = '{}' THEN :limits ELSE limits END
      WHERE digest = :digest
      """, ["now": now, "digest": model.digest, "limits": try ParameterCache.text(model.limits)])
    if known == 0 { try register(model, at: now) }
  }

  /// How many models are remembered that no job names: each costs a little at every submission.
  package static let mostUnnamedModels = 1000

  /// Whether there is room for models that a worker brings.
  package func canRemember(_ models: [ModelInfo]) throws -> Bool {
    let new = try Set(models.map(\.digest)).filter { digest in
      try row("SELECT digest FROM models WHERE digest = :digest", ["digest": digest]) {
        try $0.value("digest") as String
      } == nil
    }
    guard !new.isEmpty else { return true }
    let unnamed: Int? = try row(
      "SELECT count(*) AS n FROM models WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.model = models.digest)"
    ) { try $0.value("n") }
    return (unnamed ?? 0) + new.count <= Self.mostUnnamedModels
  }

  /// Forgets models that no job names, but for those seen last.
  package func forgetModels(keeping count: Int) throws {
    try change(
      """
      DELETE FROM models WHERE digest IN (SELECT digest FROM models
        WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.model = models.digest)
        ORDER BY seen_at DESC, digest LIMIT -1 OFFSET :count)
      """, ["count": count])
  }

  /// The models that can be asked for, one a name: where two digests bear a name, the one seen last.
  package func models() throws -> [ModelInfo] {
    let all = try rows(
      """
      SELECT name AS model_name, digest, width, height, defaults, reads_pictures, has_prior, limits FROM models
      ORDER BY seen_at DESC, name
      """
    ) { try $0.model() }
    var names: Set<String> = []
    return all.filter { names.insert($0.name).inserted }
  }
}

extension StoredRow {
  /// The model of a row that has all its columns, its name as `model_name`.
  func model() throws -> ModelInfo {
    ModelInfo(
      name: try value("model_name"), digest: try value("digest"),
      size: PictureSize(width: try value("width"), height: try value("height")), defaults: try parameters("defaults"),
      readsPictures: try value("reads_pictures"), hasPrior: try value("has_prior"),
      limits: try parameters("limits"))
  }
}
