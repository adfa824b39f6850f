import Foundation
import Logging
import Shared
import Synchronization
import Testing

@testable import atelier

/// What others wrote, on a terminal and in a log.
@Suite struct PrintableTextTests {
  /// Texts that would clear the screen, write over a line, name the window, reverse what follows or begin a line.
  static let hostile = [
    "\u{1B}[2J\u{1B}[H", "done\rfailed", "a\r\nb", "a\nb", "a\tb", "\u{1B}]0;title\u{07}", "\u{9B}31m", "\u{7F}\u{08}",
    "cat\u{202E}gnp.exe", "\u{2066}a\u{2069}", "\u{200F}a\u{061C}", "a\u{2028}b\u{2029}c\u{85}d", "\0",
  ]

  /// The characters of a text that a terminal would act on, but for line ends, which we write ourselves.
  private func controlling(_ text: String) -> [Unicode.Scalar] {
    text.unicodeScalars.filter { scalar in
      let isMark = ["\u{061C}", "\u{200E}", "\u{200F}"].contains(scalar)
      let isDirection = (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
      let isSeparator = [.lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
      return scalar.properties.generalCategory == .control && scalar != "\n" || isMark || isDirection || isSeparator
    }
  }

  /// As many lines as with a harmless text, and nothing in them that steers a terminal.
  private func expectPrintable(_ text: String, like harmless: String, _ location: SourceLocation = #_sourceLocation) {
    #expect(controlling(text).isEmpty, "\(text.debugDescription)", sourceLocation: location)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
    let expected = harmless.split(separator: "\n", omittingEmptySubsequences: false).count
    #expect(lines == expected, "\(text.debugDescription)", sourceLocation: location)
  }

  @Test(
    arguments: [
      ("", ""), ("a red apple", "a red apple"), ("ä 猫 👩‍👩‍👧 e\u{301}", "ä 猫 👩‍👩‍👧 e\u{301}"),
      ("C:\\new", "C:\\new"), ("\u{1B}[31mred", "\\u{1B}[31mred"), ("a\nb", "a\\nb"), ("a\r\nb", "a\\r\\nb"),
      ("a\tb", "a\\tb"), ("a\0b", "a\\u{0}b"), ("\u{7F}", "\\u{7F}"), ("\u{85}\u{9B}", "\\u{85}\\u{9B}"),
      ("cat\u{202E}gnp", "cat\\u{202E}gnp"), ("\u{2067}a\u{2069}", "\\u{2067}a\\u{2069}"),
      ("a\u{2028}b\u{2029}", "a\\u{2028}b\\u{2029}"), ("\u{A0}", "\u{A0}"),
    ] as [(String, String)])
  func `what would steer a terminal is shown, all else stays as it is`(text: String, shown: String) {
    #expect(text.printable == shown)
    #expect(shown.printable == shown)
  }

  @Test(arguments: hostile)
  func `a table has the columns and lines of its cells, whatever is in them`(text: String) {
    expectPrintable(TextTable.lines([[text, "b"], ["a", text]]), like: TextTable.lines([["a", "b"], ["a", "b"]]))
    expectPrintable(
      ScoreText.table(pictures: [text], texts: [text], scores: [[0.5]]),
      like: ScoreText.table(pictures: ["a"], texts: ["b"], scores: [[0.5]]))
    #expect(TextTable.lines([["a\tb", "c"], ["a", "d"]]) == "a\\tb  c\na     d")
  }

  @Test(arguments: hostile)
  func `a job's name, model and reasons keep to their places`(text: String) {
    var job = Facts.job
    job.finishedAt = nil
    job.id = JobID(text)
    job.name = text
    job.model = text
    job.waitingFor = [text, text]
    var harmless = job
    (harmless.id, harmless.name, harmless.model, harmless.waitingFor) = (JobID("a"), "b", "c", ["d", "e"])
    expectPrintable(JobText.table([job, job]), like: JobText.table([harmless, harmless]))
    expectPrintable(JobText.details(job), like: JobText.details(harmless))
    expectPrintable(JobText.line(job), like: JobText.line(harmless))
  }

  @Test(arguments: hostile)
  func `a worker's name, models and reason keep to their places`(text: String) {
    var worker = Facts.worker
    worker.id = WorkerID(text)
    worker.reason = text
    worker.models[0].name = text
    expectPrintable(WorkerText.table([worker]), like: WorkerText.table([Facts.worker]))
  }

  @Test(arguments: hostile)
  func `a line of progress replaces one line, and does nothing else`(text: String) {
    let start = "\r\u{1B}[K"
    #expect(RenderProgress.replacement("").unicodeScalars.elementsEqual(start.unicodeScalars))
    let line = String(RenderProgress.replacement(text).unicodeScalars.dropFirst(start.unicodeScalars.count))
    expectPrintable(line, like: "one line")
  }

  @Test(arguments: hostile)
  func `a model's parts, faults and digest keep to their places`(text: String) throws {
    func report(_ text: String) throws -> String {
      let text = String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
      return ModelText.report(
        try decoded(
          """
          {"path": "m", "parameters": 1, "bytes": 2, "resolutions": [64], "memory": [], "problems": [], "warnings": [],
           "parts": [{"name": \(text), "type": \(text), "parameters": 1, "bytes": 2, "types": [\(text)],
             "faults": [{"tensor": \(text), "kind": "missing", "type": \(text), "shape": [1]}]}],
           "absent": [{"part": \(text), "consequence": \(text)}], "digest": \(text),
           "defaults": {"priorSteps": 2, "decoderSteps": 2, "superResSteps": 2, "priorGuidance": 1,
             "decoderGuidance": 1, "sampler": "ddpm"}}
          """))
    }
    expectPrintable(try report(text), like: try report("a"))
  }

  /// A value whose type the caller knows.
  private func decoded<Value: Decodable>(_ json: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(json.utf8))
  }

  @Test(arguments: hostile)
  func `an event of a log is one line, with what its message and metadata say`(text: String) throws {
    let events = Events()
    var logger = Logger(label: "test") { _ in PrintableLogHandler(EventLog(events)) }
    logger[metadataKey: text] = "\(text)"
    logger.warning(
      "\(text)",
      metadata: [
        "text": "\(text)", "value": .stringConvertible(JobID(text)), "list": ["\(text)"], "map": [text: "\(text)"],
      ])
    logger.debug("not of note")
    let lines = events.lines.withLock { $0 }
    #expect(lines.count == 1)
    let line = try #require(lines.first)
    expectPrintable(line, like: "one line")
    // Shown, not left out: the message, and each value.
    let parts = line.components(separatedBy: text.printable)
    #expect(parts.count > 5)
  }

  @Test func `an error that is logged is escaped too`() throws {
    let events = Events()
    let logger = Logger(label: "test") { _ in PrintableLogHandler(EventLog(events)) }
    logger.error("failed", error: AtelierError(.system, "a\u{1B}[2Jb"))
    let line = try #require(events.lines.withLock { $0 }.first)
    expectPrintable(line, like: "one line")
    #expect(line.contains("a\\u{1B}[2Jb"))
  }

  /// What was logged, a text an event.
  private final class Events: Sendable {
    let lines = Mutex<[String]>([])
  }

  /// A log that keeps its events.
  private struct EventLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    private let events: Events

    init(_ events: Events) { self.events = events }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let facts = metadata.merging(event.metadata ?? [:]) { _, new in new }
      let error = event.error.map { "\($0)" } ?? ""
      events.lines.withLock { $0.append("\(event.message) \(text(.dictionary(facts))) \(error)") }
    }

    /// The bare texts of metadata: as an array or a dictionary shows itself, it would escape them on its own.
    private func text(_ value: Logger.MetadataValue) -> String {
      switch value {
      case .string(let text): text
      case .stringConvertible(let value): value.description
      case .array(let values): values.map(text).joined(separator: " ")
      case .dictionary(let facts): facts.map { "\($0.key)=\(text($0.value))" }.joined(separator: " ")
      }
    }
  }
}
