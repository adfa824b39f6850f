import Shared
import Store
import TestSupport
import Testing

/// What becomes of a task when the coordinator dies with the worker that held it.
@Suite struct CommonDeathTests {
  @Test func `a task that kills worker and coordinator is set aside after so many attempts`() throws {
    let cluster = try SmallCluster()
    for death in 1...3 {
      #expect(try cluster.images.pending == 1)
      let attempt = try #require(try cluster.connect("prior-\(death)"))
      #expect(attempt == TaskAttempt(task: 1, attempt: death))
      try cluster.begin(attempt, on: "prior-\(death)")
      try cluster.restart()
      #expect(try cluster.failures.map(\.worker.text) == (1...death).map { "prior-\($0)" })
    }
    #expect(try cluster.images.failed == 1)
    #expect(try cluster.failures.allSatisfy { $0.reason.contains("vanished") })
  }

  @Test func `a task that its worker had not begun has not failed`() throws {
    let cluster = try SmallCluster()
    _ = try #require(try cluster.connect("prior-1"))
    try cluster.restart()
    #expect(try cluster.failures.isEmpty)
    let next = try #require(try cluster.connect("prior-2"))
    #expect(next.attempt == 2)
  }
}
