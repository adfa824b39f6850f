import Foundation
import Shared
import Testing

@testable import Coordinator

/// What is remembered of the last hour.
@Suite struct HistoryKeeperTests {
  private let worker = WorkerID("decoder-a")

  private func picture(_ item: Int) -> HistoryKeeper.Finished {
    HistoryKeeper.Finished(job: JobID("job"), item: item, index: 0)
  }

  @Test func `pictures count once, for the sample behind them`() {
    var history = HistoryKeeper()
    for item in 0..<3 { history.finish(picture(item)) }
    history.sample(waiting: 5, running: 2, at: 100)
    history.sample(waiting: 4, running: 1, at: 110)
    #expect(history.samples.map(\.pictures) == [3, 0])
    #expect(history.samples.map(\.waiting) == [5, 4])
    #expect(history.samples.map(\.running) == [2, 1])
    #expect(history.samples.map(\.at.timeIntervalSince1970) == [100, 110])
  }

  @Test func `a sample is due every ten seconds, and at once after the clock was set back`() {
    var history = HistoryKeeper()
    #expect(history.isDue(at: 1000))
    history.sample(waiting: 0, running: 0, at: 1000)
    #expect(!history.isDue(at: 1009))
    #expect(history.isDue(at: 1010))
    #expect(!history.isDue(at: 995))
    #expect(history.isDue(at: 500))
  }

  @Test func `a worker's speed is the mean of its steps, once a minute`() {
    var history = HistoryKeeper()
    history.sample(waiting: 0, running: 0, at: 0)
    for seconds in [1.0, 3] { history.measure(seconds, of: .denoise, on: worker) }
    history.measure(0.5, of: .upsample, on: worker)
    history.sample(waiting: 0, running: 0, at: 10)
    #expect(history.speeds.isEmpty)
    history.sample(waiting: 0, running: 0, at: 60)
    #expect(history.speeds.map(\.secondsAStep) == [2, 0.5])
    #expect(history.speeds.map(\.stage) == [.denoise, .upsample])
    history.sample(waiting: 0, running: 0, at: 120)
    #expect(history.speeds.count == 2)
  }

  @Test func `it is bounded`() {
    var history = HistoryKeeper()
    for round in 0..<10_000 {
      history.finish(picture(round))
      history.measure(1, of: .denoise, on: worker)
      history.sample(waiting: 0, running: 0, at: Double(round) * 60)
    }
    #expect(history.samples.count == 360)
    #expect(history.speeds.count == 4200)
    #expect(history.finished.count == HistoryKeeper.mostFinished)
    #expect(history.finished.last == picture(9999))
    history.finish(picture(9990))
    #expect(history.finished.last == picture(9990))
    #expect(history.finished.count == HistoryKeeper.mostFinished)
  }
}
