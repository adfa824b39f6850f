import Foundation
import Tensor

/// What a profile measured, against what the machine can do. The keys, in snake case, are part of the command line's
/// contract.
struct ProfileReport: Encodable {
  /// All calls of one kind of operation.
  struct Operation: Encodable {
    let kind: String
    let calls: Int
    let seconds: Double
    /// Floating-point operations a second, in billions, of the products as they are defined.
    let gflopsPerSecond: Double
    /// Of those that are made, against the peak.
    let shareOfPeak: Double
  }

  /// Of the product kernel on this machine's threads.
  let peakGflopsPerSecond: Double
  /// From first to last, what is no operation too.
  let seconds: Double
  /// The slowest first.
  let operations: [Operation]

  /// - Returns: `nil` unless the threads carry a profile.
  init?(_ threads: ThreadPool, of duration: Duration) {
    guard let profile = threads.profile else { return nil }
    let entries = profile.entries
    let peak = Compute(threads: threads).measuredPeak()
    peakGflopsPerSecond = peak / 1e9
    seconds = duration.seconds
    operations = entries.sorted { $0.value.seconds > $1.value.seconds }.map { kind, entry in
      Operation(
        kind: kind.rawValue, calls: entry.calls, seconds: entry.seconds,
        gflopsPerSecond: entry.operations / entry.seconds / 1e9, shareOfPeak: entry.performed / entry.seconds / peak)
    }
  }

  /// For people: a line a kind of operation with its share of the time, one for all that is none, and the peak.
  var table: String {
    let rows = operations.map { operation in
      [
        operation.kind, String(format: "%.3f s", operation.seconds), percent(operation.seconds / seconds),
        "\(operation.calls)",
        operation.gflopsPerSecond > 0 ? String(format: "%.0f", operation.gflopsPerSecond) : "-",
        operation.gflopsPerSecond > 0 ? percent(operation.shareOfPeak) : "-",
      ]
    }
    let rest = seconds - operations.reduce(0) { $0 + $1.seconds }
    let others = ["everything else", String(format: "%.3f s", rest), percent(rest / seconds), "", "-", "-"]
    let header = ["operation", "time", "share", "calls", "GF/s", "of the peak"]
    return TextTable.lines([header] + rows + [others])
      + String(format: "\nThe products' peak on these threads: %.0f GF/s.", peakGflopsPerSecond)
  }

  private func percent(_ share: Double) -> String { String(format: "%.1f%%", share * 100) }
}
