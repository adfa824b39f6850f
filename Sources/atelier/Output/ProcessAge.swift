import Foundation

/// How long ago this process was started, by the system's account: what runs before `main` counts too.
enum ProcessAge {
  /// Seconds, in the system's ticks of a hundredth; 0 where the system does not tell.
  static var seconds: Double {
    guard let status = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
      // The command's name, in parentheses, may hold spaces. The start is the 22nd field, the 20th behind the name.
      let fields = status.split(separator: ")").last?.split(separator: " "), fields.count > 19,
      let ticks = Double(fields[19])
    else { return 0 }
    var now = timespec()
    clock_gettime(CLOCK_BOOTTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9 - ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}
