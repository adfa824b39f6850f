import Logging
import Shared
import UnCLIP
import Worker

/// The models of `cluster.yaml`.
enum ConfiguredModels {
  /// The models of the configuration whose folders are on this machine. Others become known when a worker
  /// brings them: a coordinator needs no weights.
  static func load(_ configuration: ClusterConfiguration, logger: Logger) -> [ModelInfo] {
    configuration.models.compactMap { model in
      do {
        return try ModelInfo(name: model.name, folder: ModelFolder(path: model.path))
      } catch {
        logger.warning(
          "a model of the configuration cannot be read here; jobs for it wait for a worker that brings it",
          metadata: ["model": "\(model.name)", "error": "\(error)"])
        return nil
      }
    }
  }
}
