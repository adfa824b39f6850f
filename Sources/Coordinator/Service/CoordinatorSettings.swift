package import Shared

/// How a coordinator treats its workers and tasks: the part of `cluster.yaml` that turns look at.
package struct CoordinatorSettings: Sendable, Equatable {
  /// How often a worker is to report.
  package var heartbeat: Duration
  /// How long a worker may be silent before it loses its leases.
  package var silence: Duration
  /// How often the state of a running task is to be saved.
  package var checkpoint: Duration
  /// How often a failed task is tried, and after what pauses.
  package var retries: RetryPolicy
  /// How many images may be between the pools: it bounds what the database holds for images that wait for a decoder.
  package var embeddedAhead: Int

  /// Days for which the pictures of an ended job are kept; nil for ever.
  package var keepPicturesDays: Int?
  /// When a worker that fails is put into quarantine, and when it is tried again.
  package var health: WorkerHealth.Policy
  /// When a worker that reports and does not get on loses its leases.
  package var stall: Standstill.Policy
  /// How long a job may wait behind others before it is served something all the same.
  package var patience: Duration
  /// The part of what workers are handed that goes to interactive jobs first, from 0 to 1.
  package var interactiveShare: Double
  /// The least time from one preview of a worker to the next.
  package var previewInterval: Duration
  /// The share of tasks that another worker makes too; 0 for none at all.
  package var checkShare: Double
  /// Which tasks these are depends on it, so that no worker can know.
  package var checkSeed = UInt64.random(in: 0...UInt64.max)
  /// How many images one turn changes at most of a job that is ended or tried again: so many that nobody waits for.
  package var imagesPerTurn = 2000
  /// Of how many jobs one turn lets the pictures go at most: each is a folder that is renamed.
  package var removalsPerTurn = 200

  package init(_ configuration: ClusterConfiguration.Coordinator) {
    heartbeat = configuration.heartbeat
    silence = configuration.silence
    checkpoint = configuration.checkpoint
    retries = RetryPolicy(attempts: configuration.attempts, backoff: configuration.backoff)
    embeddedAhead = configuration.embeddedAhead
    keepPicturesDays = configuration.keepPicturesDays
    health = WorkerHealth.Policy(failures: configuration.quarantineAfter, pause: configuration.canary)
    stall = Standstill.Policy(least: configuration.stall, heartbeat: configuration.heartbeat)
    patience = configuration.patience
    interactiveShare = configuration.interactiveShare
    previewInterval = configuration.previewInterval
    checkShare = configuration.checkShare
  }
}
