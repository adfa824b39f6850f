/// A tensor that is not what the configuration of its part calls for.
package struct TensorFault: Sendable, Codable, Equatable {
  package enum Kind: String, Sendable, Codable, CaseIterable {
    case missing, misshapen
    /// Not of floats.
    case mistyped
    /// Nothing calls for it: it is not used, and does no harm.
    case extra
    /// It holds NaN or infinity, which would make every picture black.
    case notFinite = "not_finite"
  }

  package var tensor: String
  package var kind: Kind
  /// As the file has it; nil if it has none.
  package var shape: [Int]?
  package var type: String?
  /// The shape that the configuration calls for; nil if it calls for none.
  package var expected: [Int]?
}

extension TensorFault {
  /// How many of several tensors are named.
  private static let named = 5

  /// What a person is told of the tensors of a part that nothing calls for.
  static func unused(_ tensors: [String], folder: String) -> String {
    "'\(folder)' holds tensors that its configuration does not call for, and that are not used: \(list(tensors))."
  }

  /// The first few names, then how many more there are.
  static func list(_ tensors: [String]) -> String {
    tensors.prefix(named).map { "'\($0)'" }.joined(separator: ", ")
      + (tensors.count > named ? " and \(tensors.count - named) more" : "")
  }

  /// The fault as an error.
  ///
  /// - Parameters:
  ///   - folder: of the part.
  ///   - file: the one that holds the tensor.
  func error(folder: String, file: String?) -> UnCLIPError {
    let file = file ?? folder
    let sentence =
      switch kind {
      case .missing: "Cannot use '\(folder)': the tensor '\(tensor)' of shape \(expected ?? []) is missing."
      case .misshapen:
        "Cannot read '\(file)': tensor '\(tensor)' has shape \(shape ?? []), expected \(expected ?? [])."
      case .mistyped:
        "Cannot read '\(file)': tensor '\(tensor)' is of type \(type ?? "?"); supported: F32, F16, BF16, F64."
      case .notFinite: "Cannot use '\(file)': tensor '\(tensor)' holds NaN or infinity."
      case .extra: "Cannot use '\(folder)': its configuration does not call for the tensor '\(tensor)'."
      }
    return UnCLIPError(.weights, sentence)
  }
}
