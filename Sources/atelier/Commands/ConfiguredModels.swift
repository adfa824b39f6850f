import Logging
import Shared
import UnCLIP
import Worker

/// The models of `cluster.yaml`, as far as their folders are on this machine. Others become known when a worker brings
/// them: a coordinator needs no weights.
struct ConfiguredModels {
  private(set) var models: [ModelInfo] = []
  /// What each does not see of texts, by its digest.
  private(set) var measures: [String: CutText.Measure] = [:]
  /// The words that each knows, by its digest, of those that list them.
  private(set) var vocabularies: [String: Vocabulary] = [:]

  init(_ configuration: ClusterConfiguration, logger: Logger) {
    for model in configuration.models {
      do {
        let folder = try ModelFolder(path: model.path)
        let (info, tokenizer) = (try ModelInfo(name: model.name, folder: folder), try Tokenizer(model: folder))
        models.append(info)
        measures[info.digest] = { tokenizer.cutOff($0) }
        vocabularies[info.digest] = folder.words.map { Vocabulary($0) }
      } catch {
        logger.warning(
          "a model of the configuration cannot be read here; jobs for it wait for a worker that brings it",
          metadata: ["model": "\(model.name)", "error": "\(error)"])
      }
    }
  }
}
