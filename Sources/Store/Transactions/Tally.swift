import Shared

/// How a transaction has changed the numbers of tasks and images by state, as far as it has not written that yet.
///
/// Thousands of rows that change in one transaction change a handful of counters, so these are written once, at its end
/// and before somebody in it asks for them.
struct Tally {
  /// Of one job.
  private struct Changes {
    var tasks = ByStage(repeating: [Int](repeating: 0, count: TaskState.allCases.count))
    /// By state.
    var images = [Int](repeating: 0, count: ImageState.allCases.count)
    /// Pending images, as the database has them, once that was asked.
    var pending: Int?
  }

  private var jobs: [JobNumber: Changes] = [:]
  private(set) var isEmpty = true

  /// Counts tasks of a state, or with a negative number uncounts them.
  mutating func add(_ count: Int, _ stage: Stage, _ state: TaskState, of job: JobNumber) {
    guard count != 0 else { return }
    isEmpty = false
    jobs[job, default: Changes()].tasks[stage][state.index] += count
  }

  /// Counts images of a state, or with a negative number uncounts them.
  mutating func add(_ count: Int, _ state: ImageState, of job: JobNumber) {
    guard count != 0 else { return }
    isEmpty = false
    jobs[job, default: Changes()].images[state.index] += count
  }

  /// How many images of a job are pending now.
  ///
  /// - Parameter stored: asks the database; once is enough.
  mutating func pending(of job: JobNumber, stored: () throws -> Int) rethrows -> Int {
    let known = try jobs[job]?.pending ?? stored()
    jobs[job, default: Changes()].pending = known
    return known + (jobs[job]?.images[ImageState.pending.index] ?? 0)
  }

  /// Hands over what has changed, each counter once, and begins anew.
  mutating func flush(
    tasks: (_ job: JobNumber, _ stage: Stage, _ state: TaskState, _ change: Int) throws -> Void,
    images: (_ job: JobNumber, _ state: ImageState, _ change: Int) throws -> Void
  ) rethrows {
    guard !isEmpty else { return }
    for (job, changes) in jobs {
      for stage in Stage.allCases {
        for state in TaskState.allCases where changes.tasks[stage][state.index] != 0 {
          try tasks(job, stage, state, changes.tasks[stage][state.index])
        }
      }
      for state in ImageState.allCases where changes.images[state.index] != 0 {
        try images(job, state, changes.images[state.index])
      }
    }
    jobs.removeAll(keepingCapacity: true)
    isEmpty = true
  }
}

extension TaskState {
  /// Where it stands among all.
  fileprivate var index: Int {
    switch self {
    case .ready: 0
    case .leased: 1
    case .delayed: 2
    case .awaiting: 3
    case .done: 4
    case .failed: 5
    case .cancelled: 6
    }
  }
}

extension ImageState {
  /// Where it stands among all.
  fileprivate var index: Int {
    switch self {
    case .pending: 0
    case .completed: 1
    case .failed: 2
    case .cancelled: 3
    }
  }
}
