import Synchronization

/// The faults of one part's weights, gathered so that all can be told at once.
final class FaultList: Sendable {
  /// A configuration that asks for a million layers has a million faults; nobody reads them.
  private static let limit = 10_000
  private let noted = Mutex<[String: TensorFault]>([:])

  /// - Throws: `weights` where there are so many that the rest says nothing more.
  func note(_ fault: TensorFault, path: String) throws(UnCLIPError) {
    let count = noted.withLock { noted in
      noted[fault.tensor] = fault
      return noted.count
    }
    guard count < Self.limit else {
      throw UnCLIPError(
        .weights, "Cannot use '\(path)': \(count) of its tensors are at fault, and the rest was not looked at.")
    }
  }

  /// By kind, then by name.
  var all: [TensorFault] {
    let faults = noted.withLock { Array($0.values) }
    return TensorFault.Kind.allCases.flatMap { kind in
      faults.filter { $0.kind == kind }.sorted { $0.tensor < $1.tensor }
    }
  }
}
