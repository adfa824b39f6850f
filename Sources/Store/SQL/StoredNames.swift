import Shared

// How the types of the domain stand in columns.

extension StoredValue where Self: RawRepresentable, RawValue: StoredValue {
  /// Nil for a name that this version does not know.
  init?(_ statement: OpaquePointer, column: Int32) {
    guard let value = RawValue(statement, column: column) else { return nil }
    self.init(rawValue: value)
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { rawValue.bind(to: statement, at: index) }
}

extension Stage: StoredValue {}
extension TaskState: StoredValue {}
extension ImageState: StoredValue {}
extension JobState: StoredValue {}
extension BatchState: StoredValue {}
extension APIFile.Purpose: StoredValue {}
extension Artifact.Kind: StoredValue {}
extension Artifact.ElementType: StoredValue {}

/// A number that stands in a column.
protocol StoredID: RowID, StoredValue {}

extension StoredID {
  init?(_ statement: OpaquePointer, column: Int32) {
    guard let number = Int64(statement, column: column) else { return nil }
    self.init(number)
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { number.bind(to: statement, at: index) }
}

extension TaskID: StoredID {}
extension ImageID: StoredID {}
extension ItemID: StoredID {}
extension JobNumber: StoredID {}
extension ParameterSetID: StoredID {}

/// A name that stands in a column.
protocol StoredName: StoredValue {
  var text: String { get }
  init(_ text: String)
}

extension StoredName {
  init?(_ statement: OpaquePointer, column: Int32) {
    guard let text = String(statement, column: column) else { return nil }
    self.init(text)
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { text.bind(to: statement, at: index) }
}

extension JobID: StoredName {}
extension WorkerID: StoredName {}
