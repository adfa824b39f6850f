import Testing

@testable import atelier

/// What `atelier up` does about its processes: a coordinator (0) and two workers.
@Suite struct SupervisionTests {
  private let start = ContinuousClock.now

  private func running() -> Supervision {
    var supervision = Supervision(children: 3, at: start)
    #expect(supervision.due(at: start) == [.start(0), .start(1), .start(2)])
    return supervision
  }

  @Test(arguments: [0, 1], [Supervision.Ending.status(1), .signal(9), .unstarted])
  func `what dies at once is started again after pauses that grow to a minute, for ever`(
    index: Int, ending: Supervision.Ending
  ) {
    var supervision = running()
    var now = start
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
      #expect(supervision.ended(index, ending, at: now) == [.pause(index, .seconds(seconds))])
      #expect(supervision.due(at: now + .seconds(seconds) - .milliseconds(1)).isEmpty)
      now += .seconds(seconds)
      #expect(supervision.nextDue == now)
      #expect(supervision.due(at: now) == [.start(index)])
    }
    // Once it has stayed up, the pauses begin anew.
    #expect(supervision.ended(index, ending, at: now + .seconds(5)) == [.pause(index, .seconds(1))])
  }

  @Test func `a worker that left in order is not replaced, a coordinator is`() {
    var supervision = running()
    #expect(supervision.ended(2, .status(0), at: start + .seconds(60)) == [.left(2)])
    #expect(supervision.nextDue == nil)
    #expect(supervision.ended(0, .status(0), at: start + .seconds(60)) == [.pause(0, .seconds(1))])
    #expect(supervision.due(at: start + .seconds(61)) == [.start(0)])
    #expect(supervision.stop() == [.ask(1)])
  }

  @Test func `workers are stopped before the coordinator, each is asked once`() {
    var supervision = running()
    #expect(supervision.stop() == [.ask(1), .ask(2)])
    #expect(supervision.stop().isEmpty)
    #expect(supervision.ended(1, .status(0), at: start).isEmpty)
    #expect(supervision.ended(2, .status(1), at: start) == [.ask(0)])
    #expect(supervision.ended(0, .status(0), at: start) == [.finish])
  }

  @Test func `workers whose coordinator dies while they are stopped are asked a second time`() {
    var supervision = running()
    _ = supervision.stop()
    #expect(supervision.ended(0, .signal(9), at: start) == [.ask(1), .ask(2)])
    #expect(supervision.due(at: start + .seconds(100)).isEmpty)
    _ = supervision.ended(1, .status(1), at: start)
    #expect(supervision.ended(2, .status(1), at: start) == [.finish])
  }

  @Test func `what waits to be started again is not waited for at the end`() {
    var supervision = running()
    for index in 0..<3 { _ = supervision.ended(index, .status(1), at: start) }
    #expect(supervision.stop() == [.finish])
  }

  @Test func `a second signal kills what runs`() {
    var supervision = running()
    _ = supervision.stop()
    _ = supervision.ended(1, .status(0), at: start)
    #expect(supervision.kill() == [.kill(0), .kill(2)])
  }
}
