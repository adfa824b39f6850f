import Shared
import Store
import Testing

/// A quarantine that another coordinator began, under a clock that was set since.
@Suite struct QuarantineClockTests {
  @Test func `a quarantine does not become longer by a clock that is set back`() throws {
    let cluster = try SmallCluster()
    try cluster.store.write {
      try $0.quarantine(
        WorkerID("prior-a"),
        QuarantineRecord(
          reason: "no memory", failuresInARow: 3, since: 1000 + 172_800, nextCanary: 1000 + 172_803, pause: 6))
    }
    #expect(try cluster.connect("prior-a") == nil)
    var free = Wire.Heartbeat()
    free.credit = 1
    var assigned: [TaskAttempt] = []
    for _ in 0..<70 { assigned += try cluster.turn(.heartbeat(free), from: "prior-a") }
    #expect(!assigned.isEmpty)
  }
}
