import Foundation
import GRDBSQLite
import Shared

/// A type that stands in a column and in an argument. Read and bound without a detour: this runs a hundred times a task.
protocol StoredValue {
  /// Nil for what is no such value.
  ///
  /// - Parameter column: of the row that the statement stands at, from 0.
  init?(_ statement: OpaquePointer, column: Int32)

  /// Binds the value to an argument, counted from 1.
  ///
  /// - Returns: a result code of SQLite.
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32
}

/// Tells SQLite to copy what it is given.
private let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension Int64: StoredValue {
  init?(_ statement: OpaquePointer, column: Int32) {
    guard sqlite3_column_type(statement, column) == SQLITE_INTEGER else { return nil }
    self = sqlite3_column_int64(statement, column)
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { sqlite3_bind_int64(statement, index, self) }
}

extension Int: StoredValue {
  init?(_ statement: OpaquePointer, column: Int32) {
    guard let number = Int64(statement, column: column) else { return nil }
    self = Int(number)
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { Int64(self).bind(to: statement, at: index) }
}

extension Bool: StoredValue {
  init?(_ statement: OpaquePointer, column: Int32) {
    guard let number = Int64(statement, column: column) else { return nil }
    self = number != 0
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    Int64(self ? 1 : 0).bind(to: statement, at: index)
  }
}

extension Double: StoredValue {
  /// A whole number is one too.
  init?(_ statement: OpaquePointer, column: Int32) {
    guard [SQLITE_FLOAT, SQLITE_INTEGER].contains(sqlite3_column_type(statement, column)) else { return nil }
    self = sqlite3_column_double(statement, column)
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { sqlite3_bind_double(statement, index, self) }
}

/// Seconds since 1970.
extension Date: StoredValue {
  init?(_ statement: OpaquePointer, column: Int32) {
    guard let seconds = Double(statement, column: column) else { return nil }
    self.init(timeIntervalSince1970: seconds)
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    timeIntervalSince1970.bind(to: statement, at: index)
  }
}

extension String: StoredValue {
  init?(_ statement: OpaquePointer, column: Int32) {
    guard sqlite3_column_type(statement, column) == SQLITE_TEXT, let text = sqlite3_column_text(statement, column)
    else {
      return nil
    }
    let count = Int(sqlite3_column_bytes(statement, column))
    self = String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    var text = self
    return text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { bytes in
        // A text of no bytes has no address, and would be bound as null.
        bytes.isEmpty
          ? sqlite3_bind_text(statement, index, "", 0, copies)
          : sqlite3_bind_text(statement, index, bytes.baseAddress, Int32(bytes.count), copies)
      }
    }
  }
}

extension [UInt8]: StoredValue {
  init?(_ statement: OpaquePointer, column: Int32) {
    guard sqlite3_column_type(statement, column) == SQLITE_BLOB else { return nil }
    let count = Int(sqlite3_column_bytes(statement, column))
    self.init(UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, column), count: count))
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    guard !isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
    return withUnsafeBytes { sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), copies) }
  }
}

extension Optional: StoredValue where Wrapped: StoredValue {
  init?(_ statement: OpaquePointer, column: Int32) {
    if sqlite3_column_type(statement, column) == SQLITE_NULL {
      self = .none
    } else {
      guard let value = Wrapped(statement, column: column) else { return nil }
      self = .some(value)
    }
  }

  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    guard let value = self else { return sqlite3_bind_null(statement, index) }
    return value.bind(to: statement, at: index)
  }
}
