package import Shared

/// What is counted since the coordinator started. A value in `Core`: what a failed turn counted does not count.
package struct ClusterMetrics: Sendable {
  /// A number for each stage.
  package struct ByStage: Sendable {
    private var counts = [Int](repeating: 0, count: Stage.allCases.count)

    package mutating func add(_ count: Int, _ stage: Stage) { counts[stage.place] += count }
    package subscript(stage: Stage) -> Int { counts[stage.place] }
  }

  /// A histogram for each stage.
  package struct HistogramByStage: Sendable {
    private var histograms = [Histogram](
      repeating: Histogram(bounds: Histogram.workSeconds), count: Stage.allCases.count)

    package mutating func observe(_ value: Double, _ stage: Stage) { histograms[stage.place].observe(value) }
    package subscript(stage: Stage) -> Histogram { histograms[stage.place] }
  }

  package var leases = ByStage()
  package var completed = ByStage()
  package var failures = ByStage()
  package var retries = ByStage()
  /// Tasks handed out with a checkpoint.
  package var resumed = ByStage()
  /// Seconds that workers say they worked on tasks.
  package var taskSeconds = HistogramByStage()
  package var stepSeconds = HistogramByStage()
  /// Results that no longer counted.
  package var stale = 0
  /// Results that were damaged or malformed.
  package var rejected = 0
  package var checkpoints = 0
  /// Tasks taken back from workers for the sake of others.
  package var withdrawn = 0
  package var pictures = 0
  package var pictureBytes = 0
  /// Results of stages that were found damaged and made again.
  package var damaged = 0
  package var failedTurns = 0

  package init() {}
}
