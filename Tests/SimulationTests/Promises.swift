import Crypto
import Foundation
import GRDB
import Shared
import TestSupport
import Worker

@testable import Coordinator
@testable import Store

/// What must hold after every turn of a simulated cluster, and at the end.
struct Promises {
  struct Broken: Error {
    var reason: String
    init(_ reason: String) { self.reason = reason }
  }

  private struct Image: Equatable {
    var state: String
    var sha256: String?
    var finished: Double?
  }

  private struct Task: Equatable {
    var state: String
    var attempt: Int
    var worker: String?
  }

  private struct Sent: Hashable {
    var attempt: TaskAttempt
    var worker: WorkerID
  }

  let attempts: Int
  private var images: [ImageID: Image] = [:]
  private var tasks: [TaskID: Task] = [:]
  private var successes: Set<Sent> = []
  /// Results that must not count.
  private var poisoned: Set<Sent> = []
  /// All that ended, whichever way.
  private var told: Set<Sent> = []
  /// Workers whose computing stood still.
  var hung: Set<WorkerID> = []
  /// Of a task: the furthest state that a committed turn took, and the attempt that sent it.
  private var saved: [TaskID: (attempt: Int, step: Int)] = [:]
  private var broken: String?
  private var seenChanges = -1
  private var seenLeases = -1

  /// Whether results are compared: then a task is made again from its beginning, and none is taken back.
  let isComparing: Bool

  init(attempts: Int, isComparing: Bool = false) {
    self.attempts = attempts
    self.isComparing = isComparing
  }

  // MARK: What workers do

  mutating func sent(_ attempt: TaskAttempt, by worker: WorkerID, isSuccess: Bool, isPoisoned: Bool) {
    let sent = Sent(attempt: attempt, worker: worker)
    told.insert(sent)
    if isPoisoned { poisoned.insert(sent) } else if isSuccess { successes.insert(sent) }
  }

  /// Whether a worker has told how an attempt ended.
  func hasTold(_ attempt: TaskAttempt, _ worker: WorkerID) -> Bool {
    told.contains(Sent(attempt: attempt, worker: worker))
  }

  mutating func began(_ task: StageTask, by pool: Pool) {
    let step = task.checkpoint?.completedSteps ?? 0
    if !isComparing, let state = saved[task.id.task], task.id.attempt > state.attempt, step < state.step {
      broken = "\(task.id) began at step \(step), though step \(state.step) of attempt \(state.attempt) was saved"
    }
    if task.stage.pool != pool { broken = "a \(pool) worker was handed the stage \(task.stage)" }
    if task.modelDigest != SimulatedStage.model.digest { broken = "a worker was handed a model that it does not hold" }
  }

  // MARK: What the coordinator does

  /// A turn that was committed took these. Whose state counted is seen by the task as it is now.
  mutating func took(_ events: [TurnEngine.Event]) {
    // A request may have had anything begun anew in the same turn.
    if events.contains(where: { if case .request = $0 { true } else { false } }) {
      saved = [:]
      return
    }
    for case .message(let arrival, _) in events {
      // A result ends what its states were for, though what it brought may be made again in the same turn.
      if case .outcome(let outcome)? = arrival.message.envelope.body {
        saved[TaskAttempt(outcome.task).task] = nil
      }
      guard case .checkpoint(let checkpoint)? = arrival.message.envelope.body else { continue }
      let attempt = TaskAttempt(checkpoint.task)
      guard let task = tasks[attempt.task], task.attempt == attempt.attempt, Self.isOpen(task.state) else { continue }
      let step = max(saved[attempt.task]?.step ?? 0, Int(checkpoint.completedSteps))
      saved[attempt.task] = (attempt.attempt, step)
    }
  }

  private static func isOpen(_ state: String) -> Bool { ["ready", "leased", "delayed"].contains(state) }

  mutating func checkTurn(
    _ state: ClusterState, _ store: Store, messages: [(message: WireMessage<Wire.FromCoordinator>, worker: WorkerID)],
    unreachable: Set<WorkerID>, submissions: [SimulatedCluster.Submission]
  ) throws {
    if let broken { throw Broken(broken) }
    try store.read { transaction in
      // Where no row has changed, only what the coordinator knows of leases could have.
      let changes = transaction.db.totalChangesCount
      let leases = state.registry.workers.reduce(0) { $0 + $1.leases.count }
      guard changes != seenChanges || leases != seenLeases else { return }
      (seenChanges, seenLeases) = (changes, leases)
      try checkImages(transaction.db)
      try checkTasks(transaction.db, state)
      try checkExpiry(transaction.db)
      try checkJobs(transaction.db, submissions)
      if let wrong = try Counters.wrong(in: transaction.db).first { throw Broken("a counter is wrong: \(wrong)") }
    }
    for (message, worker) in messages { try checkSaid(message.envelope, to: worker, store) }
    try checkKept(messages.filter { !unreachable.contains($0.worker) }, state, store)
  }

  /// What a worker is told to go on with is leased to it, unless it is taken back in the same breath, or the worker
  /// has left by then. One that could not be reached loses it; what it holds all the same, its next heartbeat says.
  private func checkKept(
    _ messages: [(message: WireMessage<Wire.FromCoordinator>, worker: WorkerID)], _ state: ClusterState, _ store: Store
  ) throws {
    var kept: Set<Sent> = []
    for (message, worker) in messages {
      switch message.envelope.body {
      case .welcome(let welcome)?:
        // The last introduction counts: one that comes late, from before it held anything, ends its leases.
        kept = kept.filter { $0.worker != worker }
        kept.formUnion(welcome.keep.map { Sent(attempt: TaskAttempt($0), worker: worker) })
      case .revocation(let revocation)?:
        kept.subtract(revocation.tasks.map { Sent(attempt: TaskAttempt($0), worker: worker) })
      case .verdict(let verdict)?: kept.remove(Sent(attempt: TaskAttempt(verdict.task), worker: worker))
      // A report that came behind the introduction says what it holds by now, which may be less.
      case .alive?: kept = kept.filter { $0.worker != worker }
      default: break
      }
    }
    for sent in kept where state.registry[sent.worker] != nil {
      let task = try store.read { try $0.task(sent.attempt.task) }
      guard task?.currentAttempt == sent.attempt, task?.worker == sent.worker, task?.state == .leased else {
        throw Broken("\(sent.worker) was told to go on with \(sent.attempt), which is not leased to it")
      }
    }
  }

  /// A result that is called committed is.
  func checkSaid(_ envelope: Wire.FromCoordinator, to worker: WorkerID, _ store: Store) throws {
    guard case .verdict(let verdict)? = envelope.body, verdict.decision == .committed else { return }
    let attempt = TaskAttempt(verdict.task)
    // One that is held back to be compared is not looked into: its digest is kept.
    if !isComparing, poisoned.contains(Sent(attempt: attempt, worker: worker)) {
      throw Broken("the poisoned result of \(attempt) was called committed")
    }
    guard successes.contains(Sent(attempt: attempt, worker: worker)) else { return }
    let row = try store.read {
      try Row.fetchOne(
        $0.db.cachedStatement(sql: "SELECT state, attempt, worker FROM tasks WHERE id = ?"),
        arguments: [attempt.task.number])
    }
    guard let row else { throw Broken("the result of \(attempt) was called committed, and there is no such task") }
    let (state, current): (String, Int) = (row["state"], row["attempt"])
    // A later attempt can only be there because this one's result was lost on disk and is made again.
    let isHeldBack = isComparing && (state == "cancelled" || state == "failed")
    guard state == "done" || state == "awaiting" || current > attempt.attempt || state == "ready" || isHeldBack else {
      throw Broken("the result of \(attempt) was called committed, and the task is \(state) at attempt \(current)")
    }
  }

  /// An image that is finished stays as it is.
  private mutating func checkImages(_ db: Database) throws {
    let rows = try Row.fetchCursor(
      db.cachedStatement(sql: "SELECT id, state, sha256, finished_at FROM images"))
    while let row = try rows.next() {
      let id = ImageID(row[0] as Int64)
      let image = Image(state: row[1], sha256: row[2], finished: row[3])
      if let before = images[id], before.state == "completed" || before.state == "cancelled", before != image {
        throw Broken("image \(id) was \(before.state), and changed to \(image.state): published twice or lost")
      }
      images[id] = image
    }
  }

  /// What the store calls leased is what the coordinator knows as leased, once; attempts only grow.
  private mutating func checkTasks(_ db: Database, _ state: ClusterState) throws {
    var held: [TaskID: (attempt: Int, worker: WorkerID)] = [:]
    for worker in state.registry.workers {
      for (task, lease) in worker.leases {
        if let other = held[task] {
          throw Broken("task \(task) is leased to \(other.worker) and to \(worker.id)")
        }
        held[task] = (lease.attempt, worker.id)
      }
    }
    var seen = 0
    let rows = try Row.fetchCursor(db.cachedStatement(sql: "SELECT id, state, attempt, worker FROM tasks"))
    while let row = try rows.next() {
      let id = TaskID(row[0] as Int64)
      let task = Task(state: row[1], attempt: row[2], worker: row[3])
      if let before = tasks[id], before.attempt > task.attempt {
        throw Broken("the attempt of task \(id) went back from \(before.attempt) to \(task.attempt)")
      }
      tasks[id] = task
      if !Self.isOpen(task.state) { saved[id] = nil }
      let lease = held[id]
      guard (task.state == "leased") == (lease != nil) else {
        throw Broken(
          "task \(id) is \(task.state) in the store, and \(lease.map { "leased to \($0.worker)" } ?? "not leased") to the coordinator"
        )
      }
      guard let lease else { continue }
      seen += 1
      guard lease.attempt == task.attempt, lease.worker.text == task.worker else {
        throw Broken(
          "task \(id) is leased to \(lease.worker) at \(lease.attempt), and to \(task.worker ?? "") at \(task.attempt)")
      }
    }
    guard seen == held.count else { throw Broken("the coordinator knows leases of tasks that the store does not have") }
  }

  /// What was acknowledged is there.
  private func checkJobs(_ db: Database, _ submissions: [SimulatedCluster.Submission]) throws {
    for job in submissions.compactMap(\.job) {
      let state = try String.fetchOne(
        db.cachedStatement(sql: "SELECT state FROM jobs WHERE id = ?"), arguments: [job.text])
      guard let state, state != "receiving" else { throw Broken("the acknowledged job \(job) is gone") }
    }
  }

  /// Where nothing happens but that messages take long, nothing is done twice.
  func checkAttempts(_ store: Store) throws {
    let repeated = try store.read {
      try String.fetchAll($0.db, sql: "SELECT id || ' (' || attempt || ')' FROM tasks WHERE attempt > 1")
    }
    guard repeated.isEmpty else {
      throw Broken("tasks were attempted more than once, though the links were only slow: \(repeated)")
    }
  }

  /// All jobs have ended: every image in one way, every picture as it must be, nothing left over.
  func checkEnd(_ store: Store, pictures: [String: [UInt8]], submissions: [SimulatedCluster.Submission]) throws {
    for (index, submission) in submissions.enumerated() {
      guard let id = submission.job else { throw Broken("a submission was never accepted") }
      let (job, lines) = try store.read { store in
        let job = try store.job(id)
        return (job, try store.manifest(of: job, after: ImageID(0), limit: 100).lines)
      }
      guard lines.count == submission.plan.prompts * submission.plan.n, job.images.pending == 0 else {
        throw Broken("\(id) has \(lines.count) images, \(job.images.pending) of them pending")
      }
      for state in ImageState.allCases where lines.count(where: { $0.state == state }) != job.images[state] {
        throw Broken("the counter of \(state.rawValue) images of \(id) says \(job.images[state])")
      }
      for line in lines {
        let seed = SimulatedCluster.seed(index, line.item) + UInt64(line.index)
        let picture = SimulatedStage.picture(SimulatedCluster.prompt(index, line.item), seed)
        switch line.state {
        case .completed:
          guard let file = line.file, pictures[file] == picture,
            line.sha256 == hexadecimal(SHA256.hash(data: picture))
          else { throw Broken("the picture of item \(line.item) of \(id) is not the one that was asked for") }
        case .failed where attempts >= 1000: throw Broken("an image of \(id) failed: \(line.error ?? "")")
        case .cancelled where !submission.isCancelled: throw Broken("an image of \(id) was cancelled by nobody")
        case .failed, .cancelled: break
        case .pending: throw Broken("an image of \(id) is pending at the end")
        }
      }
    }
    try store.read { store in
      for table in ["artifacts", "checkpoints", "answers"] {
        let left = try Int.fetchOne(store.db, sql: "SELECT count(*) FROM \(table)") ?? 0
        guard left == 0 else { throw Broken("\(left) \(table) are left of jobs that have ended") }
      }
    }
  }
}
