package import SwiftProtobuf

/// An enumeration whose cases stand in the order of their numbers on the wire, from 1 on; 0 stands for none there.
///
/// So a case that is added to both ends, at their ends, needs no translation of its own.
package protocol WireNumbered: CaseIterable, Equatable {
  associatedtype OnWire: SwiftProtobuf.Enum
}

extension WireNumbered {
  /// Nil for what this version does not know.
  package init?(wire: OnWire) {
    let cases = Array(Self.allCases)
    guard cases.indices.contains(wire.rawValue - 1) else { return nil }
    self = cases[wire.rawValue - 1]
  }

  package var wire: OnWire {
    let number = Self.allCases.enumerated().first { $0.element == self }?.offset
    return number.flatMap { OnWire(rawValue: $0 + 1) } ?? OnWire()
  }
}

extension Pool: WireNumbered {
  package typealias OnWire = Atelier_Cluster_V1_Pool
}

extension Stage: WireNumbered {
  package typealias OnWire = Atelier_Cluster_V1_Stage
}

extension SamplerName: WireNumbered, WireValue {
  package typealias OnWire = Atelier_Cluster_V1_Sampler
}

extension Artifact.Kind: WireNumbered {
  package typealias OnWire = Wire.Payload.Kind
}

extension Artifact.ElementType: WireNumbered {
  package typealias OnWire = Wire.Payload.TypeEnum
}

extension FailureBlame: WireNumbered {
  package typealias OnWire = Wire.Failure.Blame
}
