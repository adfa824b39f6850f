import Foundation

/// Lines of a prompt file that are left out because of what was found on this machine.
struct RefusedLines {
  private(set) var numbers = IndexSet()
  private var reasons: [Int: String] = [:]

  /// An answer of the coordinator names no more lines.
  private static let mostReasons = 1000

  mutating func add(_ line: Int, _ reason: String) {
    numbers.insert(line)
    if reasons.count < Self.mostReasons { reasons[line] = reason }
  }

  /// Why a line is refused; nil for one that is not, or one of very many.
  subscript(line: Int) -> String? { reasons[line] }
}
