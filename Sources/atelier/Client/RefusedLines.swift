import Foundation
import Shared

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

  /// Reasons that an error names.
  private static let named = 5

  /// A coordinator's refusal of a file of which lines were left out here: it knows only that it has no such files.
  func explaining(_ error: AtelierError) -> AtelierError {
    guard error.code == .invalidInput, !reasons.isEmpty else { return error }
    let first = reasons.sorted { $0.key < $1.key }.prefix(Self.named)
    let more = numbers.count > first.count ? " And \(numbers.count - first.count) more." : ""
    return AtelierError(
      error.code,
      "\(error.message) Found here: " + first.map { "line \($0.key): \($0.value)" }.joined(separator: " ") + more,
      cause: error.cause)
  }

  /// Why a line is refused; nil for one that is not, or one of very many.
  subscript(line: Int) -> String? { reasons[line] }
}
