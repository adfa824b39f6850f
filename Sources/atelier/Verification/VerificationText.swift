import Foundation
import Shared

/// What came of a verification, as people read it.
enum VerificationText {
  /// Names at most of one kind; JSON has all.
  private static let most = 20

  /// What was found, a line each: first what contradicts the manifest.
  static func lines(_ report: FolderVerification.Report) -> [String] {
    var lines: [String] = []
    if let problem = report.signature { lines.append("signature: \(problem)") }
    lines += named("missing", report.missing) + named("changed", report.changed) + named("extra", report.extra)
    lines += report.rerendered.map { "made again: \($0.file): \(outcome($0))" }
    if !report.missing.isEmpty {
      lines.append("What is missing comes with: atelier fetch \(report.job?.text ?? "JOB") --out \(report.folder)")
    }
    if report.pending > 0 {
      lines.append(
        "The job went on when it was fetched: \(report.pending) of its pictures were not finished. "
          + "Fetch it again to have them."
      )
    }
    if report.failed > 0 { lines.append("\(report.failed) pictures had failed or were cancelled; they have no file.") }
    lines.append(summary(report))
    if report.signature == nil, let key = report.key, !report.keyWasNamed {
      lines.append(
        "The key \(key) lies beside the manifest: who can change one can change both. "
          + "Name the coordinator's with --key ('atelier keys show' prints it there).")
    }
    return lines
  }

  private static func summary(_ report: FolderVerification.Report) -> String {
    let what = "\(report.pictures) pictures in \(report.folder) are what the manifest says"
    guard report.signature == nil, let job = report.job, let signed = report.signedAt else {
      return what + ", and nobody vouches for that."
    }
    return what + " that was signed for \(job) at \(signed.formatted(.iso8601))."
  }

  private static func named(_ what: String, _ files: [String]) -> [String] {
    let rest = files.count - most
    return files.prefix(most).map { "\(what): \($0)" } + (rest > 0 ? ["\(what): \(rest) more"] : [])
  }

  private static func outcome(_ picture: FolderVerification.Rerendered) -> String {
    if picture.isSameFile { return "the same bytes" }
    guard let difference = picture.largestDifference else { return "another size: it is not the same picture" }
    if picture.isSameKind, difference <= 1 {
      return "values differ by \(difference)/255, and a machine of the same kind made it: it is not the same picture"
    }
    return picture.isSame
      ? "the same within \(difference)/255, as another kind of processor or library makes it"
      : "values differ by up to \(difference)/255: it is not the same picture"
  }
}
