/// A tensor that is not what the configuration of its part calls for.
package struct TensorFault: Sendable, Codable, Equatable {
  package enum Kind: String, Sendable, Codable, CaseIterable {
    case missing, misshapen
    /// Not of floats.
    case mistyped
    /// Nothing calls for it.
    case extra
  }

  package var tensor: String
  package var kind: Kind
  /// As the file has it; nil if it has none.
  package var shape: [Int]?
  package var type: String?
  /// The shape that the configuration calls for; nil if it calls for none.
  package var expected: [Int]?
}
