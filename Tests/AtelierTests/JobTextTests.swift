import Foundation
import Shared
import Testing

@testable import atelier

/// Jobs as people read them.
@Suite struct JobTextTests {
  private var running: JobStatus {
    var job = Facts.job
    job.finishedAt = nil
    return job
  }

  @Test func `the details of a running job say where it stands and what it waits for`() {
    #expect(
      JobText.details(running) == """
        job-a  active  cats.txt  (model starter, 3 prompts)
          pictures: 2 of 6 completed, 3 pending, 1 failed, 0 cancelled
          stages:   embed 4 done, 1 running, 1 waiting; denoise 2 done, 0 running, 2 waiting; \
        upsample 0 done, 0 running, 0 waiting
          rate:     12 pictures a minute
          left:     about 15 s
          waits:    No decoder worker is connected.
        """)
  }

  @Test func `an ended job says how long it took, and not how long it has left`() {
    var job = Facts.job
    job.state = .completed
    job.waitingFor = []
    let lines = JobText.details(job).split(separator: "\n")
    #expect(lines.last == "  took:     2 min 5 s")
    let left = lines.filter { $0.hasPrefix("  left:") }
    #expect(left.isEmpty)
  }

  @Test func `one line says what is in hand, and leaves out what nobody knows`() {
    #expect(
      JobText.line(running)
        == "2/6 pictures  in hand: embed 1  1 failed  12/min  15 s left  No decoder worker is connected.")
    var job = running
    job.images = ImageCounts()
    job.images[.completed] = 6
    job.stages = []
    job.picturesPerMinute = nil
    job.waitingFor = []
    // It has a time left, and nothing to do in it.
    #expect(JobText.line(job) == "6/6 pictures")
  }

  @Test func `jobs are a table, and without any one is told how to submit one`() {
    let lines = JobText.table([running, running]).split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("JOB    STATE   PICTURES"))
    #expect(lines[1].hasPrefix("job-a  active  2/6       1 failed  starter  cats.txt"))
    #expect(JobText.table([]) == "There are no jobs. Submit one with: atelier submit examples/prompts.txt")
  }

  @Test(
    arguments: [
      (0, "0 s"), (-5, "0 s"), (0.4, "0 s"), (59.6, "60 s"), (99.4, "99 s"), (99.6, "1 min 40 s"), (125, "2 min 5 s"),
      (7199, "119 min 59 s"), (7200, "2 h 0 min"), (90_060, "25 h 1 min"),
    ] as [(Double, String)])
  func `a duration has two units at most`(seconds: Double, text: String) {
    #expect(JobText.duration(seconds) == text)
  }

  @Test(
    arguments: [
      (0, "0.0"), (0.14, "0.1"), (3, "3.0"), (9.75, "9.8"), (10, "10"), (12.4, "12"), (1234.6, "1235"),
    ] as [(Double, String)])
  func `a rate has a digit behind the point while it is small`(rate: Double, text: String) {
    #expect(JobText.number(rate) == text)
  }
}
