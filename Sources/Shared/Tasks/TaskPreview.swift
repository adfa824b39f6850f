/// What an unfinished task would become if the step that it has made were its last: for people who watch it. Nothing
/// depends on it, and each may be lost.
package struct TaskPreview: Sendable, Equatable {
  /// Which pass of the stage it is of, from 0.
  package var pass: Int
  /// Steps done of that pass, and how many it has.
  package var step: Int
  package var steps: Int
  /// How much of all steps of the picture is done, in all stages that make pixels, from 0 to 1.
  package var done: Double
  /// A PNG file of at most ``largestFile`` bytes and ``largestSide`` pixels a side.
  package var picture: Artifact

  package static let largestFile = 256 << 10
  package static let largestSide = 256

  package init(pass: Int, step: Int, steps: Int, done: Double, picture: Artifact) {
    self.pass = pass
    self.step = step
    self.steps = steps
    self.done = done
    self.picture = picture
  }
}

/// Of which steps of a task people want to see previews.
package struct PreviewWish: Sendable, Hashable {
  /// Whether as often as may be.
  package var continuously: Bool
  /// For each number n of these: the first steps behind 1/(n+1), 2/(n+1), ... n/(n+1) of all steps of the picture.
  package var partials: Set<Int>

  /// The most numbers, and the largest of them, that a worker is asked for.
  package static let mostPartials = 16

  package init(continuously: Bool = false, partials: Set<Int> = []) {
    self.continuously = continuously
    self.partials = partials
  }

  package func union(_ other: PreviewWish) -> PreviewWish {
    PreviewWish(continuously: continuously || other.continuously, partials: partials.union(other.partials))
  }

  /// Which of `partials` pictures is due once so much is done, from 1; 0 before the first. The end itself is none.
  package static func partial(of partials: Int, done: Double) -> Int {
    // Sums of fractions fall short of what they should be by a little.
    let place = (done * Double(partials + 1) + 1e-9).rounded(.down)
    return place.isFinite && place > 0 ? Int(min(place, Double(partials))) : 0
  }
}

/// Which tasks a worker is to make previews of.
package struct PreviewWatch: Sendable, Equatable {
  package var tasks: [TaskAttempt: PreviewWish]
  /// The least time from one preview of a worker to the next, but for those that are asked for by their number.
  package var interval: Duration

  package static let none = PreviewWatch(tasks: [:], interval: .milliseconds(500))

  package init(tasks: [TaskAttempt: PreviewWish], interval: Duration) {
    self.tasks = tasks
    self.interval = interval
  }
}
