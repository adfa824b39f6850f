import GRDB
import Shared

/// How a transaction has changed the numbers of tasks and images by state, as far as it has not written that yet.
///
/// Thousands of rows that change in one transaction change a handful of counters, so these are written once, at its end
/// and before somebody in it asks for them.
struct Tally {
  /// Of one job.
  private struct Changes {
    /// By stage and state.
    var tasks = [Int](repeating: 0, count: Stage.allCases.count * TaskState.allCases.count)
    /// By state.
    var images = [Int](repeating: 0, count: ImageState.allCases.count)
    /// Pending images, as the database has them, once that was asked.
    var pending: Int?
  }

  private var jobs: [Int64: Changes] = [:]
  private(set) var isEmpty = true

  mutating func add(_ count: Int, _ stage: Stage, _ state: TaskState, of job: Int64) {
    guard count != 0 else { return }
    isEmpty = false
    jobs[job, default: Changes()].tasks[stage.place * TaskState.allCases.count + state.place] += count
  }

  mutating func add(_ count: Int, _ state: ImageState, of job: Int64) {
    guard count != 0 else { return }
    isEmpty = false
    jobs[job, default: Changes()].images[state.place] += count
  }

  /// How many images of a job are pending now.
  ///
  /// - Parameter stored: asks the database; once is enough.
  mutating func pending(of job: Int64, stored: () throws -> Int) rethrows -> Int {
    let known = try jobs[job]?.pending ?? stored()
    jobs[job, default: Changes()].pending = known
    return known + (jobs[job]?.images[ImageState.pending.place] ?? 0)
  }

  /// Hands over what has changed, and begins anew.
  mutating func settle(
    tasks: (_ job: Int64, _ stage: Stage, _ state: TaskState, _ change: Int) throws -> Void,
    images: (_ job: Int64, _ state: ImageState, _ change: Int) throws -> Void
  ) rethrows {
    guard !isEmpty else { return }
    for (job, changes) in jobs {
      for stage in Stage.allCases {
        for state in TaskState.allCases {
          let change = changes.tasks[stage.place * TaskState.allCases.count + state.place]
          if change != 0 { try tasks(job, stage, state, change) }
        }
      }
      for state in ImageState.allCases where changes.images[state.place] != 0 {
        try images(job, state, changes.images[state.place])
      }
    }
    jobs.removeAll(keepingCapacity: true)
    isEmpty = true
  }
}

extension TaskState {
  fileprivate var place: Int {
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
  fileprivate var place: Int {
    switch self {
    case .pending: 0
    case .completed: 1
    case .failed: 2
    case .cancelled: 3
    }
  }
}
