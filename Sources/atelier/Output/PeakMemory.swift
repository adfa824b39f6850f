import Foundation

/// The most memory that this process has had at once.
enum PeakMemory {
  /// Bytes in memory, of the program's own and of files it maps; 0 where the system does not tell.
  ///
  /// Not `getrusage`, whose figure a process inherits from the one that started it.
  static var bytes: Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
    else { return 0 }
    return kilobytes * 1024
  }
}

extension Duration {
  /// In seconds, with fractions.
  var seconds: Double { self / .seconds(1) }
}
