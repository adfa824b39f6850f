package import Shared

/// What a worker does next, decided without doing it: a value whose methods take what happened and
/// return actions, to be done in their order.
///
/// It keeps the promises of a worker: it says at once that it has begun a task, keeps each result until the coordinator
/// has answered it, and says all again that may have been lost.
package struct WorkerSession: Sendable {
  /// Where the conversation with the coordinator stands.
  package enum Phase: Sendable, Equatable {
    /// Said hello, waits for an answer. Becomes `serving`, or `finished` if refused.
    case introducing
    /// Takes tasks. Becomes `introducing` when the coordinator has forgotten the worker, or `draining`.
    case serving
    /// Finishes what it holds, takes nothing new. Becomes `finished` when nothing is left.
    case draining
    /// Said goodbye, or was refused.
    case finished
  }

  /// How an attempt ended, with the frames that go with it.
  package struct Ended: Sendable {
    package var outcome: Wire.Outcome
    package var frames: [[UInt8]]
    /// The number of the first report after it was sent.
    var nextReport: UInt64
    /// Since when the coordinator is known to have received that report; from there on it is counted how long the
    /// answer takes.
    var waitsSince: Instant?
  }

  /// What the worker has to do.
  package enum Action: Sendable {
    /// Say something to the coordinator. It may be lost.
    case send(Wire.FromWorker.OneOf_Body, frames: [[UInt8]])
    /// Start these tasks, which are alike; nothing runs at the moment.
    case run([StageTask])
    /// Stop the running tasks after their state was sent; their ends will still be reported.
    case interrupt
    /// Make previews of these tasks from now on, and of no others.
    case watch(PreviewWatch)
    /// The coordinator has no use for the result of an attempt, for this reason.
    case unwanted(TaskAttempt, reason: String)
    /// The coordinator refuses this worker, for this reason.
    case refused(String)
    /// The coordinator has said nothing for so long.
    case silent(Duration)
    /// The coordinator, which was known to be there, has said nothing for so long that it is taken for gone.
    case lost(Duration)
    /// The coordinator that was lost has said something, after so long.
    case back(Duration)
    /// Leave: the time to do so in order is over. These attempts have not ended, or were not answered.
    case abandoned([TaskAttempt])
    /// Leave: everything is said.
    case finish
  }

  package typealias Instant = ContinuousClock.Instant

  /// Where the conversation stands.
  package internal(set) var phase = Phase.introducing
  /// The coordinator's last welcome, which says how often to report; all zero before the first.
  package internal(set) var welcome = Wire.Welcome()
  /// Tasks that it holds at most: running, waiting, or done and not answered yet.
  package let capacity: Int
  /// Tasks that are started together at most, if they are alike.
  package let batch: Int

  /// What was handed to it and has not begun: what somebody waits for first, else in the order in which it came.
  var waiting: [StageTask] = []
  /// What was started together and has not ended.
  var running: [TaskAttempt] = []
  /// The step of each running task that was reported last.
  var progress: [TaskAttempt: (step: Int, steps: Int)] = [:]
  /// Running tasks whose result nobody wants any more.
  var revoked: Set<TaskAttempt> = []
  /// Kept until the coordinator has answered.
  var unanswered: [TaskAttempt: Ended] = [:]
  var lastSaid: Instant?
  var silence = CoordinatorSilence()
  /// An introduction is on its way; the next follows then, should no answer come.
  var nextHello: Instant?
  /// From one unanswered introduction to the next.
  var helloPause: Duration?
  /// When it leaves as things are; nil unless it was told to stop.
  var leaveBy: Instant?
  /// The number of the last message of the coordinator's.
  var received: UInt64 = 0
  /// Counts hellos and heartbeats.
  var reports: UInt64 = 0
  /// The newest heartbeat that the coordinator has received, as it says.
  var confirmed: UInt64 = 0
  /// What each hello that was not answered yet said is held, by its number.
  var introductions: [UInt64: Set<TaskAttempt>] = [:]
  /// The report by which it is known whether the last large state has reached the coordinator.
  var reportAfterState: UInt64 = 0
  /// Previews that may not have reached the coordinator yet, by the report behind each, with their bytes.
  var previewsOnTheWay: [(report: UInt64, bytes: Int)] = []
  /// Of which tasks the coordinator wants previews.
  var watch = PreviewWatch.none
  /// From so many bytes on a message is announced.
  let largeMessage: Int

  /// How long a worker that was told to stop waits for the ends of its tasks and for the coordinator's answers.
  package static let patience = Duration.seconds(3)

  /// - Parameter largeMessage: how many bytes, beside its envelope, make a message one that may take long.
  package init(capacity: Int, batch: Int = 1, largeMessage: Int = 64 << 10) {
    self.capacity = capacity
    self.batch = batch
    self.largeMessage = largeMessage
  }

  /// All that takes up its capacity, and that its heartbeats list.
  var held: [TaskAttempt] {
    wanted + waiting.map(\.id) + unanswered.keys.sorted { $0.task < $1.task }
  }

  /// Running tasks whose results are wanted.
  var wanted: [TaskAttempt] { running.filter { !revoked.contains($0) } }

  /// Whether no task is running and no result is unanswered.
  package var isIdle: Bool { running.isEmpty && waiting.isEmpty && unanswered.isEmpty }
}

extension Wire.Failure {
  /// - Parameter reason: a sentence for people; the job's failures and `atelier explain` show it.
  package init(_ blame: FailureBlame, _ reason: String) {
    self.init()
    self.blame = blame.wire
    self.reason = reason
  }
}
