import Foundation
import GRDB
package import Shared

extension StoreTransaction {
  /// Remembers a model that the configuration or a worker brought.
  package func register(_ model: ModelInfo, at now: Double) throws {
    let defaults = model.defaults.filled(from: .karlo)
    try compiled(
      """
      INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT(digest) DO UPDATE SET name = excluded.name, width = excluded.width, height = excluded.height,
        prior_steps = excluded.prior_steps, decoder_steps = excluded.decoder_steps,
        super_res_steps = excluded.super_res_steps, prior_guidance = excluded.prior_guidance,
        decoder_guidance = excluded.decoder_guidance, sampler = excluded.sampler, eta = excluded.eta,
        reads_pictures = excluded.reads_pictures, has_prior = excluded.has_prior, seen_at = excluded.seen_at
      """
    ).execute(arguments: [
      model.digest, model.name, model.size.width, model.size.height,
      defaults.priorSteps, defaults.decoderSteps, defaults.superResSteps,
      defaults.priorGuidance, defaults.decoderGuidance, now, (defaults.sampler ?? .ddpm).rawValue, defaults.eta,
      model.readsPictures, model.hasPrior,
    ])
  }

  /// The models that can be asked for, one a name: where two digests bear a name, the one seen last.
  package func models() throws -> [ModelInfo] {
    try Row.fetchAll(
      compiled("SELECT * FROM models ORDER BY seen_at DESC, name")
    ).reduce(into: []) { models, row in
      let model = Self.model(row)
      if !models.contains(where: { $0.name == model.name }) { models.append(model) }
    }
  }

  static func model(_ row: Row) -> ModelInfo {
    ModelInfo(
      name: row["name"], digest: row["digest"],
      size: PictureSize(width: row["width"], height: row["height"]),
      defaults: parameters(row), readsPictures: row["reads_pictures"], hasPrior: row["has_prior"])
  }

  static func parameters(_ row: Row) -> RenderParameters {
    let sampler: String = row["sampler"]
    return RenderParameters(
      priorSteps: row["prior_steps"], decoderSteps: row["decoder_steps"], superResSteps: row["super_res_steps"],
      priorGuidance: row["prior_guidance"], decoderGuidance: row["decoder_guidance"],
      sampler: SamplerName(rawValue: sampler), eta: row["eta"])
  }
}
