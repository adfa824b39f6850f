import Foundation

/// How much memory this process may take.
enum MachineMemory {
  /// The machine's bytes, or those that its control group has (cgroups(7), version 2, as in a container) if they are fewer.
  static let bytes: Int = {
    let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let group = (try? String(contentsOfFile: "/sys/fs/cgroup/memory.max", encoding: .utf8))
      .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    return min(machine, group ?? machine)
  }()
}
