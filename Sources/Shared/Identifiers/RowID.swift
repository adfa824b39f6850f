/// The number under which the store knows something. Numbers of different things are different types, so that one is
/// never taken for another.
package protocol RowID: Hashable, Comparable, Sendable, Codable, LosslessStringConvertible {
  var number: Int64 { get }
  init(_ number: Int64)
}

extension RowID {
  package init?(_ description: String) {
    guard let number = Int64(description) else { return nil }
    self.init(number)
  }

  package init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(Int64.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(number)
  }

  package static func < (left: Self, right: Self) -> Bool { left.number < right.number }

  package var description: String { String(number) }
}

/// A task: one stage of one image.
package struct TaskID: RowID {
  package let number: Int64
  package init(_ number: Int64) { self.number = number }
}

/// One picture of an item.
package struct ImageID: RowID {
  package let number: Int64
  package init(_ number: Int64) { self.number = number }
}

/// One line of a job's prompt file.
package struct ItemID: RowID {
  package let number: Int64
  package init(_ number: Int64) { self.number = number }
}

/// Parameters that items have in common.
package struct ParameterSetID: RowID {
  package let number: Int64
  package init(_ number: Int64) { self.number = number }
}

/// A job, as the store and the scheduling count them, in the order of their submission; people name it by its `JobID`.
package struct JobNumber: RowID {
  package let number: Int64
  package init(_ number: Int64) { self.number = number }
}
