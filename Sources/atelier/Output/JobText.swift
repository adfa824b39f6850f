import Foundation
import Shared

/// Jobs as people read them. The wording may change; programs read `--json`.
enum JobText {
  /// A line a job under a header; what to do, if there is none.
  static func table(_ jobs: [JobStatus]) -> String {
    guard !jobs.isEmpty else { return "There are no jobs. Submit one with: atelier submit examples/prompts.txt" }
    let rows = jobs.map { job in
      [
        job.id.text, job.state.rawValue, "\(job.images.completed)/\(job.images.total)",
        job.images.failed > 0 ? "\(job.images.failed) failed" : "", job.model, job.name,
      ]
    }
    return TextTable.lines([["JOB", "STATE", "PICTURES", "", "MODEL", "NAME"]] + rows)
  }

  /// All that `status` says of one job, on several lines.
  static func details(_ job: JobStatus) -> String {
    var lines = [
      "\(job.id)  \(job.state.rawValue)  \(job.name)  (model \(job.model), \(job.items) prompts)",
      "  pictures: \(job.images.completed) of \(job.images.total) completed, \(job.images.pending) pending, "
        + "\(job.images.failed) failed, \(job.images.cancelled) cancelled",
    ]
    let stages = job.stages.map { "\($0.stage) \($0.done) done, \($0.running) running, \($0.waiting) waiting" }
    lines.append("  stages:   " + stages.joined(separator: "; "))
    if let rate = job.picturesPerMinute { lines.append("  rate:     \(number(rate)) pictures a minute") }
    if let left = job.secondsLeft, !job.state.isFinal { lines.append("  left:     about \(duration(left))") }
    if let finished = job.finishedAt {
      lines.append("  took:     \(duration(finished.timeIntervalSince(job.createdAt)))")
    }
    for reason in job.waitingFor { lines.append("  waits:    \(reason)") }
    return lines.map(\.printable).joined(separator: "\n")
  }

  /// One line, for plain progress and beside a bar.
  static func line(_ job: JobStatus) -> String {
    var parts = ["\(job.images.completed)/\(job.images.total) pictures"]
    let running = job.stages.filter { $0.running > 0 }.map { "\($0.stage) \($0.running)" }
    if !running.isEmpty { parts.append("in hand: " + running.joined(separator: ", ")) }
    if job.images.failed > 0 { parts.append("\(job.images.failed) failed") }
    if let rate = job.picturesPerMinute { parts.append("\(number(rate))/min") }
    if let left = job.secondsLeft, job.images.pending > 0 { parts.append("\(duration(left)) left") }
    parts += job.waitingFor
    return parts.joined(separator: "  ").printable
  }

  /// With one digit behind the point below ten, none above.
  static func number(_ value: Double) -> String {
    value >= 10 ? String(Int(value.rounded())) : String(Double(Int((value * 10).rounded())) / 10)
  }

  /// In seconds, minutes or hours, whichever a person would use.
  static func duration(_ seconds: Double) -> String {
    let whole = max(0, Int(seconds.rounded()))
    if whole < 100 { return "\(whole) s" }
    if whole < 7200 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}
