import Store
import Testing

@testable import Coordinator

/// In seconds.
private let day = 86_400.0

/// When the wall clock is believed.
@Suite struct ClockWatchTests {
  private let origin = ContinuousClock.now

  /// Whether a jump is found that was not known.
  private func looks(_ watch: inout ClockWatch, _ now: Moment) -> Bool { watch.look(at: now) }

  /// - Parameters:
  ///   - seconds: by the clock that only goes forward.
  ///   - offset: by which the wall clock is wrong.
  private func moment(_ seconds: Double, offset: Double = 0) -> Moment {
    Moment(instant: origin + .seconds(seconds), time: 1_000_000 + seconds + offset)
  }

  @Test(arguments: [60 * day, -60 * day, 7200, -7200] as [Double])
  func `a clock that was set while the coordinator runs is noticed once, and stays unbelieved when it is set back`(
    offset: Double
  ) {
    var watch = ClockWatch(nil, keepDays: 30, now: moment(0))
    #expect(!looks(&watch, moment(100)))
    #expect(looks(&watch, moment(200, offset: offset)))
    #expect(watch.jump == ClockJump(from: 1_000_200, to: 1_000_200 + offset, wasAway: false))
    #expect(!looks(&watch, moment(300, offset: offset)))
    #expect(!looks(&watch, moment(400)))
    #expect(watch.jump != nil)
    watch.believe(moment(500, offset: offset))
    #expect(watch.jump == nil)
    #expect(!looks(&watch, moment(600, offset: offset)))
    #expect(looks(&watch, moment(700)))
  }

  @Test func `steps that are small each are one large one`() {
    var watch = ClockWatch(nil, keepDays: 30, now: moment(0))
    let found = (1...10).filter { watch.look(at: moment(Double($0), offset: Double($0) * 600)) }
    #expect(found == [7])
  }

  @Test func `time that passes is no jump, however long nobody looks`() {
    var watch = ClockWatch(nil, keepDays: 1, now: moment(0))
    #expect(!looks(&watch, moment(90 * day)))
  }

  @Test(
    arguments: [
      (keepDays: 30, gap: 2.5 * day, isJump: false), (keepDays: 30, gap: 4 * day, isJump: true),
      (keepDays: 30, gap: -7200, isJump: true), (keepDays: 1, gap: 2 * 3600, isJump: false),
      (keepDays: 1, gap: 3 * 3600, isJump: true), (keepDays: nil, gap: 400 * day, isJump: false),
    ] as [(keepDays: Int?, gap: Double, isJump: Bool)])
  func `at a start it is compared with what was noted last`(keepDays: Int?, gap: Double, isJump: Bool) {
    let now = moment(0)
    let watch = ClockWatch(ClockRecord(notedAt: now.time - gap, jump: nil), keepDays: keepDays, now: now)
    #expect(watch.jump == (isJump ? ClockJump(from: now.time - gap, to: now.time, wasAway: true) : nil))
  }

  @Test func `a jump that nobody confirmed outlives the coordinator`() {
    let jump = ClockJump(from: 1, to: 2, wasAway: false)
    #expect(ClockWatch(ClockRecord(notedAt: 2, jump: jump), keepDays: nil, now: moment(0)).jump == jump)
  }

  @Test func `people are told both times and how to go on`() {
    for wasAway in [true, false] {
      let message = ClockJump(from: 0, to: 86_400, wasAway: wasAway).message
      for words in ["1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z", "'atelier expiry --confirm'"] {
        #expect(message.contains(words), "\(message)")
      }
    }
  }
}
