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
  var waits = Waits()
  /// Pictures a minute, of jobs that move.
  var rates: [JobID: RateMeter] = [:]
  var metrics = ClusterMetrics()
  /// The newest results that were found damaged here: for people.
  var damage: [String] = []
  /// Jobs that are ended or tried again a part a turn.
  var endings: [Ending] = []
  /// When time alone was looked at last; a long gap means that the coordinator stood still.
  var lastTick: ContinuousClock.Instant?
  /// When pictures that are no longer kept are looked for next.
  var nextSweep: ContinuousClock.Instant?

  /// - Parameter life: tells this coordinator from those before it.
  init(_ settings: CoordinatorSettings, life: UInt32 = 0) {
    registry = WorkerRegistry(silence: settings.silence, healthPolicy: settings.health, life: life)
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
