package import Shared

extension WorkerRegistry {
  /// A task in a worker's hands: the right of one attempt to bring its result. It ends by a verdict, when the worker
  /// gives it back, when it is taken back, or when the worker is silent for too long.
  package struct Lease: Sendable, Equatable {
    package var attempt: Int
    package var job: JobID
    package var stage: Stage
    /// The digest of its model; nil if it is not known.
    package var model: String?
    /// Which picture it is of; nil if that is not known.
    package var picture: PictureID?
    /// Whether somebody waits for it, so that its worker begins it before others.
    package var isInteractive = false
    package var since: Instant
    /// Of the message that handed it over; 0 if the worker is known to have had it when the lease began.
    package var number: UInt64 = 0
    /// Set by the first progress report: what is running when a worker dies counts as a failed attempt.
    package var progress: Progress?
    /// Whether an earlier coordinator was told that it runs.
    package var hasBegun = false
    /// Steps of its pass that an earlier attempt had made.
    package var from = 0
    /// The pass that an earlier attempt had reached.
    package var fromPass = 0

    package init(
      attempt: Int, job: JobID, stage: Stage, since: Instant, model: String? = nil, picture: PictureID? = nil,
      isInteractive: Bool = false
    ) {
      self.attempt = attempt
      self.job = job
      self.stage = stage
      self.since = since
      self.model = model
      self.picture = picture
      self.isInteractive = isInteractive
    }

    /// What goes on comes first, then what somebody waits for.
    fileprivate var rank: Int { progress != nil ? 0 : isInteractive ? 1 : 2 }
  }

  /// How far a task is: of so many steps of its pass, so many are done.
  package struct Progress: Sendable, Equatable {
    package var step: Int
    package var steps: Int

    package init(step: Int, steps: Int) {
      self.step = step
      self.steps = steps
    }
  }

  /// What a heartbeat says. It was true when it was made: messages of the coordinator that the worker had not received
  /// by then are still on their way, however long they take.
  package struct Report: Sendable, Equatable {
    /// How many more tasks it takes.
    package var credit = 0
    /// All that it holds, running, waiting or not answered yet.
    package var held: [TaskAttempt] = []
    package var progress: [TaskAttempt: Progress] = [:]
    package var isDraining = false
    /// Counts the worker's reports.
    package var number: UInt64 = 0
    /// The number of the last message that it had received.
    package var received: UInt64 = 0
    /// Whether something large follows.
    package var isSending = false

    package init(
      credit: Int = 0, held: [TaskAttempt] = [], progress: [TaskAttempt: Progress] = [:], isDraining: Bool = false,
      number: UInt64 = 0, received: UInt64 = 0, isSending: Bool = false
    ) {
      self.credit = credit
      self.held = held
      self.progress = progress
      self.isDraining = isDraining
      self.number = number
      self.received = received
      self.isSending = isSending
    }
  }

  /// One worker, as it described itself and as it has done since.
  package struct Worker: Sendable {
    package var id: WorkerID
    package private(set) var description: WorkerDescription?
    /// The digests of the models that it holds.
    package private(set) var models: Set<String> = []
    /// How many more tasks it takes: as of its last heartbeat, less what it was handed since.
    package var credit = 0
    /// Since when it has had credit.
    package var freeSince: Instant?
    package var leases: [TaskID: Lease] = [:]
    /// Outcomes that it was given a verdict on and may not know of yet, with the number of the verdict.
    package var answered: [TaskAttempt: UInt64] = [:]
    /// When it was first heard of, by this coordinator.
    package let since: Instant
    /// Whether a result of it was the same as another worker's, since it connected or was last in quarantine.
    package var isProven = false
    /// When a message of it came; later by the time for which the coordinator itself stood still.
    package var lastHeard: Instant
    /// Whether it said last that something large follows, which may take long on a slow link.
    package var isSending = false
    /// Of its newest heartbeat; those that come after it and are older say nothing any more.
    private(set) var lastReport: UInt64 = 0
    /// A message to it, and when it was sent, of which no heartbeat knows yet.
    var probe: (number: UInt64, at: Instant)?
    /// From a message to it until the heartbeat that knew of it, the last time.
    package private(set) var lag: Duration?
    /// Takes nothing new and leaves when it has finished; set by a person, or by the worker itself. It stays set.
    package var isDraining = false
    package var health = WorkerHealth()
    /// Whether it gets on with what it holds.
    package internal(set) var standstill = Standstill()
    /// Tasks that were committed since it connected, for people.
    package var completed = 0
    /// Attempts that failed on it since it connected, for people; whoever was to blame.
    package var failed = 0
    /// Of its tasks, newer ones counting more (each new one three tenths); nil before the first.
    package var secondsPerTask: Double?
    /// The model of its last task.
    package var lastModel: String?
    /// When tasks were last taken from it for the sake of another job or worker.
    package var lastWithdrawal: Instant?

    /// One that nothing is known of yet.
    init(id: WorkerID, at now: Instant) {
      self.id = id
      since = now
      lastHeard = now
    }

    /// Known only from leases in the store: it has not come back since the coordinator started.
    package var isMissing: Bool { description == nil }

    /// Whether it is there for new tasks, now or when it has room: it does not leave, fail or stand still.
    package var takesPart: Bool { !isDraining && health.quarantine == nil && standstill.reason == nil }

    /// For how long it has stood still, if that is longer than a step can take; nil once it counts as stalled.
    package func overdue(_ policy: Standstill.Policy) -> Duration? {
      guard !leases.isEmpty else { return nil }
      return standstill.overdue(leases.values.filter { $0.progress != nil }.map(\.kind), policy)
    }

    /// How many tasks it is worth that it holds: one runs, or as many as it works on at once; the others bridge the
    /// time to the next message. Few where a task is long, since what waits at one worker waits for nobody else.
    package var depth: Int {
      let capacity = max(1, description?.capacity ?? 1)
      let batch = max(1, description?.batch ?? 1)
      guard let secondsPerTask else { return min(max(2, batch), capacity) }
      guard secondsPerTask > 0.01 else { return capacity }
      return min(capacity, batch + Int((Self.bridged / secondsPerTask).rounded(.up)))
    }

    /// Whether it works on tasks that nobody waits for and that are long, as far as that is known. What somebody waits
    /// for it begins before others that wait.
    var isOccupied: Bool {
      guard (secondsPerTask ?? 1) > Rebalancer.shortest, !leases.isEmpty else { return false }
      let running = leases.values.filter { $0.progress != nil }
      guard running.isEmpty else { return running.contains { !$0.isInteractive } }
      return !leases.values.contains(where: \.isInteractive)
    }

    /// How long it takes until it is known that a message has reached it, where that is so long that the link must be
    /// slow; nil where it is not.
    ///
    /// - Parameter heartbeat: how often it reports, which is what it takes on a fast link.
    package func slowness(_ heartbeat: Duration) -> Duration? {
      lag.flatMap { $0 > heartbeat * 2 ? $0 : nil }
    }

    /// Seconds of work that may wait at a worker.
    private static let bridged = 0.5

    /// Its leases in the order in which it works: what somebody waits for first, else as it was handed them.
    package var leasesInOrder: [(task: TaskID, lease: Lease)] {
      leases.map { (task: $0.key, lease: $0.value) }.sorted {
        ($0.lease.rank, $0.lease.since, $0.task) < ($1.lease.rank, $1.lease.since, $1.task)
      }
    }

    /// It said hello. Credit comes with its first heartbeat, and verdicts of before are forgotten: it sends again what
    /// it has no answer to.
    ///
    /// - Parameter report: the number of the hello.
    mutating func introduce(as description: WorkerDescription, report: UInt64, at now: Instant) {
      self.description = description
      models = Set(description.models.map(\.digest)).subtracting(description.withheld)
      lastHeard = now
      isSending = false
      lastReport = report
      note(credit: 0, at: now)
      answered = [:]
      standstill.introduced()
    }

    /// Whether it could take a task and holds none. One in quarantine or stalled is not idle, whatever its credit.
    func isIdle(at now: Instant) -> Bool {
      !isMissing && !isDraining && credit > 0 && leases.isEmpty && health.limit(at: now) == nil
        && standstill.reason == nil
    }

    /// Takes a heartbeat. What it says was true when it was made: messages that it did not know of are reckoned with.
    ///
    /// - Parameters:
    ///   - received: of this coordinator's messages, the number of the last that it knew of.
    ///   - policy: says how much of the time since the last one counts.
    mutating func heartbeat(
      _ report: Report, received: UInt64, _ policy: Standstill.Policy, at now: Instant
    ) -> Differences {
      var differences = Differences()
      guard report.number >= lastReport else { return differences }
      lastReport = report.number
      isSending = report.isSending
      if let probe, received >= probe.number {
        lag = now - probe.at
        self.probe = nil
      }
      let listed = Set(report.held)
      for (task, lease) in leases {
        let attempt = TaskAttempt(task: task, attempt: lease.attempt)
        if let progress = report.progress[attempt] { leases[task]?.progress = progress }
        if !listed.contains(attempt), lease.number <= received {
          differences.lost.append(attempt)
          leases[task] = nil
        }
      }
      standstill.look(at: report, leases, policy, now: now)
      // What was answered and is listed still: the verdict is on its way, and with it the slot is free.
      var slots = report.credit
      for (attempt, number) in answered {
        if listed.contains(attempt), number > received { slots += 1 } else { answered[attempt] = nil }
      }
      differences.unknown = report.held.filter { leases[$0.task]?.attempt != $0.attempt && answered[$0] == nil }
      // Leases that the worker did not list yet are on their way to it and use up credit.
      for (task, lease) in leases where !listed.contains(TaskAttempt(task: task, attempt: lease.attempt)) {
        slots -= 1
      }
      isDraining = isDraining || report.isDraining
      note(credit: isDraining ? 0 : slots, at: now)
      differences.lost.sort { $0.task < $1.task }
      return differences
    }

    /// Sets the credit, and since when there has been some.
    mutating func note(credit: Int, at now: Instant) {
      self.credit = max(0, credit)
      if self.credit == 0 { freeSince = nil } else if freeSince == nil { freeSince = now }
    }
  }
}
