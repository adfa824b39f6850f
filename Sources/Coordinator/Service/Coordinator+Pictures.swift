package import Shared
import Store

/// What people look at: pictures of a job, one of them, the newest of all, and how the last hour was.
extension Coordinator {
  /// A part of a job's pictures.
  ///
  /// - Parameters:
  ///   - offset: how many of those that fit are left out before.
  ///   - limit: 1 to 1000, whatever it says.
  /// - Throws: `notFound`.
  package func pictures(
    of id: JobID, _ filter: PictureFilter, offset: Int, limit: Int
  ) async throws -> PictureList {
    try await store.read { store in
      let job = try store.job(id)
      // The counters say how many there are of each state, so that nobody counts them.
      let total =
        filter.text == nil
        ? filter.state.map { job.images[$0] } ?? job.images.total : try store.count(of: job, filter)
      return PictureList(
        total: total,
        pictures: try store.pictures(of: job, filter, offset: max(offset, 0), limit: min(max(limit, 1), 1000)))
    }
  }

  /// All that is known of one picture.
  ///
  /// - Throws: `notFound`.
  package func details(of id: JobID, item: Int, index: Int) async throws -> PictureDetails {
    try await store.read { store in
      let job = try store.job(id)
      guard let image = try store.image(of: job, item: item, index: index),
        let line = try store.manifest(of: job, after: ImageID(image.number - 1), limit: 1).lines.first
      else {
        throw AtelierError(.notFound, "The job '\(id)' has no picture \(index) of item \(item).")
      }
      return PictureDetails(line: line, failures: try store.failedAttempts(at: image))
    }
  }

  /// The pictures that were finished last since the coordinator started, the newest first.
  ///
  /// - Parameter owner: whose; everybody's for nil.
  package func recentPictures(limit: Int, of owner: String? = nil) async throws -> [ListedPicture] {
    let newest = snapshot.state.history.finished.reversed()
    guard !newest.isEmpty else { return [] }
    return try await store.read { store in
      try newest.prefix(min(max(limit, 1), HistoryKeeper.mostFinished)).compactMap {
        try store.picture($0.job, item: $0.item, index: $0.index, of: owner)
      }
    }
  }

  /// The last hour, from memory.
  package func history() -> ClusterHistory {
    let history = snapshot.state.history
    return ClusterHistory(seconds: HistoryKeeper.interval, samples: history.samples, workers: history.speeds)
  }

  /// What a model makes of a text, as far as it can be told here.
  ///
  /// - Parameter model: its name; the default for nil. One that is not known makes of it whatever it may.
  package func read(_ text: String, byModel model: String?) async throws -> ReadText {
    let name = modelName(model)
    let known = try await models().first { name == nil || $0.name == name }
    guard let digest = known?.digest else { return ReadText(unknown: [], lost: nil) }
    return ReadText(unknown: vocabularies[digest]?.unknown(in: text) ?? [], lost: measures[digest]?(text))
  }
}
