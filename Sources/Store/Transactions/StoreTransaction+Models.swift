package import Shared

extension StoreTransaction {
  /// Remembers a model that the configuration or a worker brought. One with this digest is brought up to date; models
  /// are never forgotten, since jobs name them.
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

  /// The models that can be asked for, one a name: where two digests bear a name, the one seen last.
  package func models() throws -> [ModelInfo] {
    let all = try rows(
      """
      SELECT name AS model_name, digest, width, height, defaults, reads_pictures, has_prior, limits FROM models
      ORDER BY seen_at DESC, name
      """
    ) { try $0.model() }
    return all.reduce(into: []) { models, model in
      if !models.contains(where: { $0.name == model.name }) { models.append(model) }
    }
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
