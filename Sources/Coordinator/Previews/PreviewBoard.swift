import Shared
import Synchronization

/// The newest preview of each picture that somebody watches, and who is told of new ones. In memory alone; what nobody
/// watches costs nothing.
final class PreviewBoard: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// Somebody who watches a picture.
  private struct Viewer {
    let continuation: AsyncStream<PicturePreview>.Continuation
    /// How many previews are wanted, evenly spread; nil for all that come.
    let partials: Int?
    /// Which of them was the last.
    var place = 0
  }

  private struct Entry {
    var viewers: [UInt64: Viewer] = [:]
    /// Until when it is watched though nobody is there: somebody asks now and then.
    var keptUntil: Instant?
    var newest: PicturePreview?

    var wish: PreviewWish {
      PreviewWish(
        continuously: keptUntil != nil || viewers.values.contains { $0.partials == nil },
        partials: Set(viewers.values.compactMap(\.partials)))
    }
  }

  private struct State {
    var entries: [PictureID: Entry] = [:]
    var nextViewer: UInt64 = 0
    /// Counts changes of what is wanted.
    var number = 0
    var isClosed = false
  }

  private let state = Mutex(State())
  /// Told of what is wanted from now on.
  private let changed: @Sendable (PictureWatches.Wishes) -> Void

  /// Pictures at once: each has a preview of up to 256 KiB.
  static let mostPictures = 128
  /// Of these that are kept for who asks now and then: who listens finds room beside them.
  static let mostKept = 64
  /// Of one picture.
  static let mostViewers = 64

  init(changed: @escaping @Sendable (PictureWatches.Wishes) -> Void) { self.changed = changed }

  /// Watches a picture. The previews end with the picture, at shutdown, and at once where so many are watched that there
  /// is no room.
  ///
  /// - Parameter partials: how many are wanted, at even distances of the way; nil for as many as come.
  func watch(_ picture: PictureID, partials: Int?) -> AsyncStream<PicturePreview> {
    let (stream, continuation) = AsyncStream<PicturePreview>.makeStream(
      bufferingPolicy: .bufferingNewest(max(1, partials ?? 1)))
    let partials = partials.map { min($0, PreviewWish.mostPartials) }
    let entered: (viewer: UInt64, newest: PicturePreview?)? = change { state in
      guard Self.hasRoom(for: picture, in: state), (state.entries[picture]?.viewers.count ?? 0) < Self.mostViewers
      else { return nil }
      state.nextViewer += 1
      state.entries[picture, default: Entry()].viewers[state.nextViewer] = Viewer(
        continuation: continuation, partials: partials)
      return (state.nextViewer, partials == nil ? state.entries[picture]?.newest : nil)
    }
    guard let (viewer, newest) = entered else {
      continuation.finish()
      return stream
    }
    if let newest { continuation.yield(newest) }
    continuation.onTermination = { [weak self] _ in self?.leave(picture, viewer) }
    return stream
  }

  /// Watches a picture for some time, for somebody who asks again before it is over.
  func keep(_ picture: PictureID, for time: Duration) {
    let isNew = change { state in
      let isNew = state.entries[picture]?.keptUntil == nil
      guard Self.hasRoom(for: picture, in: state),
        !isNew || state.entries.values.count(where: { $0.keptUntil != nil }) < Self.mostKept
      else { return false }
      state.entries[picture, default: Entry()].keptUntil = .now + time
      return isNew
    }
    guard isNew else { return }
    Task { [weak self] in
      while let end = self?.keptUntil(picture), ContinuousClock.now < end { try? await Task.sleep(until: end) }
      self?.lapse(picture)
    }
  }

  /// The last preview of a picture that is watched.
  func newest(of picture: PictureID) -> PicturePreview? { state.withLock { $0.entries[picture]?.newest } }

  /// Whether anybody watches a picture.
  func isWatched(_ picture: PictureID) -> Bool { state.withLock { $0.entries[picture] != nil } }

  /// Shows a preview to who watches its picture.
  func take(_ preview: PicturePreview) {
    let viewers: [AsyncStream<PicturePreview>.Continuation] = state.withLock { state in
      guard state.entries[preview.picture] != nil else { return [] }
      state.entries[preview.picture]?.newest = preview
      var told: [AsyncStream<PicturePreview>.Continuation] = []
      for (id, viewer) in state.entries[preview.picture]?.viewers ?? [:] {
        if let partials = viewer.partials {
          let place = PreviewWish.partial(of: partials, done: preview.done)
          guard place > viewer.place else { continue }
          state.entries[preview.picture]?.viewers[id]?.place = place
        }
        told.append(viewer.continuation)
      }
      return told
    }
    for continuation in viewers { continuation.yield(preview) }
  }

  /// A picture has ended, as turns know already.
  func end(_ picture: PictureID) {
    let viewers = state.withLock { $0.entries.removeValue(forKey: picture)?.viewers.values.map(\.continuation) ?? [] }
    for continuation in viewers { continuation.finish() }
  }

  /// Shows nothing more, to anybody.
  func close() {
    let entries = state.withLock { state in
      state.isClosed = true
      defer { state.entries = [:] }
      return state.entries
    }
    for entry in entries.values { for viewer in entry.viewers.values { viewer.continuation.finish() } }
  }

  private func leave(_ picture: PictureID, _ viewer: UInt64) {
    change { state in
      state.entries[picture]?.viewers[viewer] = nil
      Self.forget(picture, in: &state)
    }
  }

  private func keptUntil(_ picture: PictureID) -> Instant? { state.withLock { $0.entries[picture]?.keptUntil } }

  private func lapse(_ picture: PictureID) {
    change { state in
      state.entries[picture]?.keptUntil = nil
      Self.forget(picture, in: &state)
    }
  }

  /// Forgets a picture that nobody watches any more.
  private static func forget(_ picture: PictureID, in state: inout State) {
    guard let entry = state.entries[picture], entry.viewers.isEmpty, entry.keptUntil == nil else { return }
    state.entries[picture] = nil
  }

  private static func hasRoom(for picture: PictureID, in state: State) -> Bool {
    !state.isClosed && (state.entries[picture] != nil || state.entries.count < mostPictures)
  }

  /// Changes who watches what, and tells of it if that changes what is wanted.
  private func change<Value: Sendable>(_ body: (inout State) -> Value) -> Value {
    let (value, wishes): (Value, PictureWatches.Wishes?) = state.withLock { state in
      let before = state.entries.mapValues(\.wish)
      let value = body(&state)
      let after = state.entries.mapValues(\.wish)
      guard after != before else { return (value, nil) }
      state.number += 1
      return (value, PictureWatches.Wishes(number: state.number, pictures: after))
    }
    // Not under the lock: the turns' mailbox may be full for a while.
    if let wishes { changed(wishes) }
    return value
  }
}
