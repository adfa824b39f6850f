package import Shared

/// Decides of which steps previews are made: a value that is told what is wanted and which steps are done.
package struct PreviewChooser: Sendable {
  package typealias Instant = ContinuousClock.Instant

  /// What was shown of a task.
  private struct Shown {
    /// When the next of those that come as often as may be is due.
    var next: Instant?
    /// Of those that are asked for by their number: the last, by how many there are to be.
    var partials: [Int: Int] = [:]
  }

  private var watch = PreviewWatch.none
  private var shown: [TaskAttempt: Shown] = [:]

  package init() {}

  /// From now on these are wanted, and no others.
  package mutating func follow(_ watch: PreviewWatch) {
    self.watch = watch
    shown = shown.filter { watch.tasks[$0.key] != nil }
  }

  /// Whether a preview of the step that a task has made is wanted; if so, it counts as shown.
  ///
  /// - Parameter done: how much of the picture's steps is done. Of the last there is none: the picture itself follows.
  package mutating func isDue(_ task: TaskAttempt, done: Double, at now: Instant) -> Bool {
    guard let wish = watch.tasks[task], done < 1 else { return false }
    var last = shown[task] ?? Shown()
    var isDue = false
    for count in wish.partials {
      let place = PreviewWish.partial(of: count, done: done)
      guard place > last.partials[count, default: 0] else { continue }
      last.partials[count] = place
      isDue = true
    }
    if wish.continuously, last.next.map({ $0 <= now }) ?? true { isDue = true }
    guard isDue else { return false }
    // Tasks that run side by side share what one worker sends.
    last.next = now + watch.interval * max(1, shown.count + (shown[task] == nil ? 1 : 0))
    shown[task] = last
    return true
  }
}
