import Synchronization

/// Where the time of operations goes: seconds, calls and arithmetic, a kind of operation.
///
/// Operations are timed as their caller sees them, on all threads together.
package final class Profile: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case winograd6 = "3x3 convolution, Winograd 6x6"
    case winograd4 = "3x3 convolution, Winograd 4x4"
    case winograd2 = "3x3 convolution, Winograd 2x2"
    case convolution = "convolution, direct"
    case linear = "linear"
    case fewRows = "linear, few rows"
    case attention = "attention"
    case groupNorm = "group norm"
    case layerNorm = "layer norm"
    case elementwise = "element-wise"
    case resampling = "resampling"
    case joining = "joining channels"
  }

  package struct Entry: Sendable {
    package var calls = 0
    package var seconds = 0.0
    /// Floating-point operations of the products as they are defined: two a multiplication and sum.
    package var operations = 0.0
    /// Those that are made, which are fewer where an algorithm saves some.
    package var performed = 0.0
  }

  private let measured = Mutex<[Kind: Entry]>([:])

  package init() {}

  /// What was measured so far.
  package var entries: [Kind: Entry] { measured.withLock { $0 } }

  /// Forgets what was measured, such as a step to warm up.
  package func reset() { measured.withLock { $0 = [:] } }

  fileprivate func add(_ kind: Kind, seconds: Double, operations: Double, performed: Double) {
    measured.withLock {
      $0[kind, default: Entry()].calls += 1
      $0[kind, default: Entry()].seconds += seconds
      $0[kind, default: Entry()].operations += operations
      $0[kind, default: Entry()].performed += performed
    }
  }
}

extension Compute {
  /// Runs one operation, and adds it to the profile that the threads carry, if they carry one.
  ///
  /// - Parameters:
  ///   - products: multiplications with a sum, as the operation is defined.
  ///   - saving: how many times fewer are made.
  func measured<Value>(
    _ kind: Profile.Kind, products: @autoclosure () -> Int = 0, saving: Double = 1, _ operation: () -> Value
  ) -> Value {
    guard let profile = threads.profile else { return operation() }
    let start = ContinuousClock.now
    let result = operation()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let operations = 2 * Double(products())
    profile.add(kind, seconds: seconds, operations: operations, performed: operations / saving)
    return result
  }
}
