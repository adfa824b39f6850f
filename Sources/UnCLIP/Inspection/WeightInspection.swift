import Synchronization
import Tensor

/// The faults of one part's weights, gathered so that all can be told at once.
///
/// Zeros that take no memory stand for the tensors, so that layers can be built whatever the files hold.
final class WeightInspection: WeightInspector {
  /// A configuration that asks for a million layers has a million faults; nobody reads them.
  private static let limit = 10_000

  private struct Notes: Sendable {
    var faults: [String: TensorFault] = [:]
    /// Of them, those that a model cannot be used with.
    var harmful = 0
    var problems: [String] = []
    var unread: Set<String> = []
  }

  private let notes = Mutex(Notes())

  func note(_ error: UnCLIPError, unread tensors: Set<String>) {
    notes.withLock { notes in
      notes.problems.append(error.message)
      notes.unread.formUnion(tensors)
    }
  }

  /// - Throws: `weights` where there are so many faults that the rest says nothing more.
  func note(_ fault: TensorFault, in folder: String) throws(UnCLIPError) {
    let count = notes.withLock { notes in
      // Of a tensor in a file that could not be read nothing is known.
      guard fault.kind != .missing || !notes.unread.contains(fault.tensor) else { return notes.harmful }
      if fault.kind != .extra, notes.faults[fault.tensor] == nil { notes.harmful += 1 }
      notes.faults[fault.tensor] = fault
      return notes.harmful
    }
    guard count < Self.limit else {
      throw UnCLIPError(
        .weights, "Cannot use '\(folder)': \(count) of its tensors are at fault, and the rest was not looked at.")
    }
  }

  func tensor(_ name: String, shape: [Int], in folder: String) throws(UnCLIPError) -> Tensor {
    guard let tensor = ZeroPages.tensor(shape: shape) else {
      throw UnCLIPError(
        .weights,
        "Cannot use '\(folder)': its configuration asks for a tensor '\(name)' of shape \(shape), larger than any machine."
      )
    }
    return tensor
  }

  /// Of tensors, by kind, then by name.
  var faults: [TensorFault] {
    let faults = notes.withLock { Array($0.faults.values) }
    return TensorFault.Kind.allCases.flatMap { kind in
      faults.filter { $0.kind == kind }.sorted { $0.tensor < $1.tensor }
    }
  }

  /// Of files, a sentence each.
  var problems: [String] { notes.withLock { $0.problems } }
}
