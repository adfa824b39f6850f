package import Shared

/// What is counted since the coordinator started, for `/metrics`. A value in ``ClusterState``: what a failed turn
/// counted does not count.
package struct ClusterMetrics: Sendable {
  /// Tasks handed out, attempts that follow a failed one included.
  package var leases = ByStage(repeating: 0)
  /// Results that were committed.
  package var completed = ByStage(repeating: 0)
  /// Attempts that failed, whoever is to blame; those of workers that vanished too.
  package var failures = ByStage(repeating: 0)
  /// Failed attempts that another follows.
  package var retries = ByStage(repeating: 0)
  /// Tasks handed out with a checkpoint.
  package var resumed = ByStage(repeating: 0)
  /// Seconds that workers say they worked on tasks.
  package var taskSeconds = ByStage(repeating: Histogram(bounds: Histogram.workSeconds))
  /// The mean of a task's steps, observed once a task; steps that an earlier attempt had made do not count.
  package var stepSeconds = ByStage(repeating: Histogram(bounds: Histogram.workSeconds))
  /// Results that no longer counted.
  package var stale = 0
  /// Results that were damaged or malformed.
  package var rejected = 0
  /// States of unfinished tasks that were saved; late ones, which are not, do not count.
  package var checkpoints = 0
  /// Tasks taken back from workers for the sake of others.
  package var withdrawn = 0
  /// Pictures published; one that is made again after it was lost counts again.
  package var pictures = 0
  package var pictureBytes = 0
  /// Results of stages that were found damaged and made again.
  package var damaged = 0
  /// Turns that the store refused; nothing of them happened.
  package var failedTurns = 0

  package init() {}
}
