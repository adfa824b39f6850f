import Foundation
import Yams

extension ClusterConfiguration {
  /// Reads `cluster.yaml`. Relative paths in it are relative to its folder.
  ///
  /// - Throws: `configuration`, naming line and key, for YAML that cannot be read, an unknown key or a
  ///   value that does not fit.
  package init(contentsOf path: String) throws(AtelierError) {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw AtelierError(.configuration, "Cannot read the configuration '\(path)': \(AtelierError.reason(error)).")
    }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    try self.init(yaml: text, name: path, folder: folder)
  }

  /// An empty text is valid: every setting has a default.
  ///
  /// - Parameters:
  ///   - name: what errors call the file.
  ///   - folder: what relative paths are relative to.
  /// - Throws: `configuration`, naming line and key.
  package init(yaml: String, name: String, folder: String) throws(AtelierError) {
    self.init()
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch {
      throw AtelierError(.configuration, "Cannot read the configuration '\(name)': \(error)")
    }
    guard let root, root.tag != Tag(.null) else { return }

    func resolve(_ path: String) -> String {
      path.hasPrefix("/") ? path : URL(fileURLWithPath: folder).appendingPathComponent(path).standardized.path
    }

    var top = try ConfigurationSection(root, key: nil, file: name)
    if var section = try top.section("coordinator") {
      try section.string("data") { coordinator.data = $0 }
      coordinator.data = resolve(coordinator.data)
      try section.string("http") { coordinator.http = $0 }
      try section.string("work") { coordinator.work = $0 }
      try section.seconds("heartbeat_seconds", in: 0.05...600) { coordinator.heartbeat = $0 }
      try section.seconds("silence_seconds", in: 0.2...3600) { coordinator.silence = $0 }
      try section.seconds("stall_seconds", in: 0.2...604_800) { coordinator.stall = $0 }
      try section.seconds("checkpoint_seconds", in: 0.05...3600) { coordinator.checkpoint = $0 }
      try section.integer("attempts", in: 1...100) { coordinator.attempts = $0 }
      try section.seconds("backoff_seconds", in: 0...3600) { coordinator.backoff = $0 }
      try section.integer("embedded_ahead", in: 1...1_000_000) { coordinator.embeddedAhead = $0 }
      try section.seconds("patience_seconds", in: 0.1...86_400) { coordinator.patience = $0 }
      try section.number("interactive_share", in: 0...1) { coordinator.interactiveShare = $0 }
      try section.seconds("preview_seconds", in: 0.05...3600) { coordinator.previewInterval = $0 }
      try section.integer("quarantine_after", in: 1...1000) { coordinator.quarantineAfter = $0 }
      try section.seconds("canary_seconds", in: 0.05...3600) { coordinator.canary = $0 }
      try section.number("check_share", in: 0...1) { coordinator.checkShare = $0 }
      try section.integer("keep_pictures_days", in: 0...36_500) { coordinator.keepPicturesDays = $0 == 0 ? nil : $0 }
      if coordinator.silence < coordinator.heartbeat * 2 {
        throw section.error(
          "silence_seconds", "it must be at least twice heartbeat_seconds, or live workers count as gone")
      }
      try section.finish()
    } else {
      coordinator.data = resolve(coordinator.data)
    }
    if var section = try top.section("worker") {
      try section.integer("threads", in: 0...1024) { worker.threads = $0 == 0 ? nil : $0 }
      try section.integer("capacity", in: 1...1024) { worker.capacity = $0 }
      try section.finish()
    }
    if var section = try top.section("up") {
      try section.integer("prior", in: 0...256) { up.prior = $0 }
      try section.integer("decoder", in: 0...256) { up.decoder = $0 }
      try section.finish()
    }
    if var section = try top.section("security") {
      security = try section.security(resolve)
      try section.finish()
    }
    if var section = try top.section("limits") {
      limits = try section.limits()
      try section.finish()
    }
    for var entry in try top.sections("models") {
      var model = Model(name: "", path: "")
      try entry.string("name") { model.name = $0 }
      try entry.string("path") { model.path = resolve($0) }
      if model.name.isEmpty { throw entry.error("name", "a model needs a name") }
      if model.path.isEmpty { throw entry.error("path", "a model needs the path of its folder") }
      if models.contains(where: { $0.name == model.name }) {
        throw entry.error("name", "another model is called '\(model.name)' too")
      }
      try entry.finish()
      models.append(model)
    }
    let known = models.map(\.name)
    try top.string("default_model") { defaultModel = $0 }
    if let defaultModel, !known.contains(defaultModel) {
      throw top.error("default_model", "no model in 'models' is called '\(defaultModel)'")
    }
    try top.finish()
  }
}
