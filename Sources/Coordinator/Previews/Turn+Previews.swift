import Shared
import Store

extension Turn {
  /// Tells workers of which of their tasks people want previews, where that has changed, and those people of pictures
  /// that have ended. Nothing is done where nobody watches.
  mutating func watch() throws {
    guard !state.watches.isIdle else { return }
    var held: Set<PictureID> = []
    var watches: [WorkerID: PreviewWatch] = [:]
    for worker in state.registry.workers where !worker.isMissing {
      for (task, lease) in worker.leases {
        guard let picture = lease.picture, let wish = state.watches.pictures[picture] else { continue }
        held.insert(picture)
        guard lease.stage.makesPixels else { continue }
        watches[worker.id, default: PreviewWatch(tasks: [:], interval: settings.previewInterval)]
          .tasks[TaskAttempt(task: task, attempt: lease.attempt)] = wish
      }
    }
    for id in Set(watches.keys).union(state.watches.told.keys).sorted() where watches[id] != state.watches.told[id] {
      guard state.registry[id] != nil else { continue }
      send(.watch((watches[id] ?? PreviewWatch(tasks: [:], interval: settings.previewInterval)).wire), to: id)
    }
    state.watches.told = watches
    try endWatches(held: held)
  }

  /// Ends the watches of pictures that are done, failed or cancelled. Only what nobody holds can be.
  private mutating func endWatches(held: Set<PictureID>) throws {
    let isDue = state.watches.looked.map { now.instant - $0 >= PictureWatches.pause } ?? true
    if isDue { state.watches.looked = now.instant }
    for picture in state.watches.pictures.keys
    where !held.contains(picture) && (isDue || state.watches.held.contains(picture)) {
      guard try store.hasEnded(picture) else { continue }
      state.watches.end(picture)
      perform(.endPreviews(of: picture))
    }
    state.watches.held = held
  }
}

extension Stage {
  /// Whether there is something to see of its unfinished tasks.
  fileprivate var makesPixels: Bool { self != .embed }
}
