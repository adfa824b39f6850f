import Shared
import Store

/// What the coordinator knows of the cluster beside what the store holds. It lasts from turn to turn.
///
/// A value: a turn works on a copy, which is kept only if its transaction was committed.
struct ClusterState: Sendable {
  /// Who is connected, and what each holds.
  var registry: WorkerRegistry
  /// Which weights the name of a model means.
  var modelNames = ModelNames()
  /// How long jobs and workers have waited for each other.
  var waits: Waits
  /// Pictures a minute, of jobs that move.
  var rates: [JobID: RateMeter] = [:]
  var metrics = ClusterMetrics()
  /// The last hour, for people.
  var history = HistoryKeeper()
  /// The newest results that were found damaged here: for people.
  var damage: [String] = []
  /// The pictures of which people want to see previews.
  var watches = PictureWatches()
  /// Jobs that are ended or tried again a part a turn.
  var endings: [Ending] = []
  /// When time alone was looked at last; a long gap means that the coordinator stood still.
  var lastTick: ContinuousClock.Instant?
  /// Whether the wall clock is believed.
  var clock: ClockWatch
  /// When the store was told last what it shows.
  var clockNoted: ContinuousClock.Instant?
  /// When what is no longer kept is looked for next.
  var nextSweep: ContinuousClock.Instant?
  /// Whether more of it is known to be there than a turn has taken.
  var isSweeping = false
  /// The last job whose files were to be removed by a sweep that goes on; nil where it begins anew.
  var sweptTo: JobID?

  /// - Parameters:
  ///   - life: tells this coordinator from those before it.
  ///   - clock: as the last coordinator noted it.
  init(_ settings: CoordinatorSettings, life: UInt32 = 0, clock: ClockRecord? = nil, now: Moment = .current) {
    waits = Waits(interactiveShare: settings.interactiveShare)
    self.clock = ClockWatch(clock, keepDays: settings.keepPicturesDays, now: now)
    registry = WorkerRegistry(
      silence: settings.silence, healthPolicy: settings.health, stallPolicy: settings.stall, life: life)
  }

  /// Remembers damage, for `status`: the ten newest findings, the same one in a row once.
  mutating func note(damage text: String) {
    if text != damage.last { damage.append(text) }
    if damage.count > 10 { damage.removeFirst() }
  }

  /// Goes on with an ending from this turn on. Once each: the number of a job that is gone may be another's later.
  mutating func begin(_ ending: Ending) {
    if !endings.contains(ending) { endings.append(ending) }
  }
}
