import Shared
import Testing

@testable import atelier

/// Tables on a terminal.
@Suite struct TableTests {
  @Test(
    arguments: [
      ([], ""), ([["a"]], "a"), ([["a", "b"], ["long", "x"]], "a     b\nlong  x"),
      ([["a", ""], ["b", "c"]], "a  \nb  c"), ([["a"], ["b", "c", "d"]], "a\nb  c  d"),
      ([["ä", "b"], ["öö", "c"]], "ä   b\nöö  c"),
    ] as [([[String]], String)])
  func `a column is as wide as its widest cell, the last as wide as itself`(rows: [[String]], text: String) {
    #expect(TextTable.lines(rows) == text)
  }

  @Test func `workers are a table, and without any one is told how to start one`() {
    let lines = WorkerText.table([Facts.worker]).split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].hasPrefix("WORKER     POOL     STATE        THREADS  HELD  DONE  FAILED  MODELS   WORKING ON"))
    // Why it is in quarantine comes before what it does.
    #expect(lines[1].hasPrefix("decoder-a  decoder  quarantined  3        2/4   7     1       starter  No memory."))
    var healthy = Facts.worker
    healthy.reason = nil
    #expect(WorkerText.table([healthy]).hasSuffix("starter  denoise 3/25"))
    #expect(WorkerText.table([]).hasPrefix("No worker is connected. Start one with: atelier worker "))
  }

  @Test func `scores are a row a picture and a column a text`() {
    let table = ScoreText.table(pictures: ["a.png", "b.png"], texts: ["cat", "dog"], scores: [[0.25, -0.5], [1, 0]])
    #expect(
      table == """
        PICTURE  cat     dog
        a.png    0.2500  -0.5000
        b.png    1.0000  0.0000
        """)
  }

  @Test func `the time of pictures made side by side is shared`() {
    var watch = StageClock(loading: .seconds(2))
    watch.add(StageClock(loading: .seconds(4)), share: 0.5)
    #expect(watch.total == 4)
    #expect(watch.seconds == ["load": 4])
    #expect(watch.table == "load          4.000 s")
  }
}
