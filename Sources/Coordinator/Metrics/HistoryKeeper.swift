import Foundation
import Shared

/// Remembers the last hour for people who look: samples of what goes on, how fast workers were, and the newest pictures.
/// Bounded, whatever goes on, and in memory: it begins anew with the coordinator.
struct HistoryKeeper: Sendable {
  /// A picture that was finished.
  struct Finished: Sendable, Equatable {
    let job: JobID
    let item: Int
    let index: Int
  }

  /// Whose steps, of which stage.
  private struct Work: Hashable, Sendable {
    let worker: WorkerID
    let stage: Stage
  }

  private(set) var samples: [ClusterHistory.Sample] = []
  private(set) var speeds: [ClusterHistory.WorkerSpeed] = []
  /// The newest last.
  private(set) var finished: [Finished] = []
  private var pictures = 0
  private var steps: [Work: (seconds: Double, count: Int)] = [:]
  private var nextSample = 0.0
  private var nextSpeeds = 0.0

  /// In seconds.
  static let interval = 10
  private static let speedInterval = 60.0
  private static let mostSamples = 360
  /// An hour of 70 workers; of more, less.
  private static let mostSpeeds = 4200
  static let mostFinished = 48

  /// Counts a picture, and shows it for a while.
  mutating func finish(_ picture: Finished) {
    pictures += 1
    finished.removeAll { $0 == picture }
    finished.append(picture)
    if finished.count > Self.mostFinished { finished.removeFirst() }
  }

  /// Counts the steps of a task that a worker has done.
  mutating func measure(_ secondsAStep: Double, of stage: Stage, on worker: WorkerID) {
    let before = steps[Work(worker: worker, stage: stage)] ?? (0, 0)
    steps[Work(worker: worker, stage: stage)] = (before.seconds + secondsAStep, before.count + 1)
  }

  /// Whether it is time for a sample. A clock that was set back is taken as it is.
  ///
  /// - Parameter time: seconds since 1970, as everywhere here.
  func isDue(at time: Double) -> Bool { time >= nextSample || time < nextSample - 2 * Double(Self.interval) }

  /// Takes a sample.
  mutating func sample(waiting: Int, running: Int, at time: Double) {
    let date = Date(timeIntervalSince1970: time)
    samples.append(ClusterHistory.Sample(at: date, pictures: pictures, waiting: waiting, running: running))
    if samples.count > Self.mostSamples { samples.removeFirst() }
    pictures = 0
    nextSample = time + Double(Self.interval)
    guard time >= nextSpeeds || time < nextSpeeds - 2 * Self.speedInterval else { return }
    nextSpeeds = time + Self.speedInterval
    speeds += steps.sorted { ($0.key.worker, $0.key.stage.rawValue) < ($1.key.worker, $1.key.stage.rawValue) }.map {
      ClusterHistory.WorkerSpeed(
        at: date, worker: $0.key.worker, stage: $0.key.stage, secondsAStep: $0.value.seconds / Double($0.value.count))
    }
    steps = [:]
    if speeds.count > Self.mostSpeeds { speeds.removeFirst(speeds.count - Self.mostSpeeds) }
  }
}
