import Glibc

/// The most memory that this process has had resident.
enum PeakMemory {
  static var bytes: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    // Linux counts kibibytes.
    return usage.ru_maxrss * 1024
  }
}

extension Duration {
  /// In seconds, with fractions.
  var seconds: Double { self / .seconds(1) }
}
