import Foundation
import Shared

/// What is said of pictures that go by their age.
enum ExpiryText {
  /// - Parameter confirmed: whether they go with this.
  static func lines(_ status: ExpiryStatus, confirmed: Bool) -> [String] {
    var lines = [
      status.keepPicturesDays.map {
        "Pictures are kept for \($0) \($0 == 1 ? "day" : "days") after their job's end ('coordinator.keep_pictures_days')."
      } ?? "Pictures are kept for ever ('coordinator.keep_pictures_days')."
    ]
    if let halted = status.halted { lines.append(halted) }
    lines.append("The coordinator's clock shows \(status.clock.formatted(.iso8601)).")
    let jobs = status.jobs == 1 ? "1 job" : "\(status.jobs) jobs"
    switch status.jobs {
    case 0: lines.append("No pictures are old enough to go.")
    case _ where confirmed: lines.append("The pictures of \(jobs) are removed:")
    default: lines.append("The pictures of \(jobs) are old enough to go:")
    }
    lines += status.first.map { "  \($0.id)  ended \($0.finishedAt.formatted(.iso8601))" }
    if status.jobs > status.first.count { lines.append("  and \(status.jobs - status.first.count) more") }
    return lines
  }
}
