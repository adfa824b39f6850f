import Foundation
import GRDB
import Shared

/// A row of a question's answer, read by the names of its columns. It is good until the next row is read.
struct StoredRow {
  private let statement: CompiledStatement
  private let parameterCache: ParameterCache

  /// The row that a statement stands at.
  init(of statement: CompiledStatement, _ parameters: ParameterCache) {
    self.statement = statement
    parameterCache = parameters
    statement.beginRow()
  }

  /// The value of a column.
  ///
  /// - Throws: `internal` if the statement selects no such column, `system` caused by an ``UnreadableValue`` if it holds no
  ///   such value.
  func value<Value: StoredValue>(_ column: StaticString) throws -> Value {
    let index = Int32(try statement.index(of: column))
    guard let value = Value(statement.statement.sqliteStatement, column: index) else {
      let text = String(statement.statement.sqliteStatement, column: index) ?? "something else"
      throw AtelierError(unreadable: text, column, as: "\(Value.self)")
    }
    return value
  }

  /// The value of a column that is kept as JSON; nil for null.
  ///
  /// - Throws: as ``value(_:)``.
  func decoded<Value: Decodable>(_ column: StaticString, as type: Value.Type = Value.self) throws -> Value? {
    guard let text: String = try value(column) else { return nil }
    do {
      return try JSONCoding.decode(type, from: Data(text.utf8))
    } catch {
      throw AtelierError(unreadable: text, column, as: "\(Value.self)")
    }
  }

  /// The parameters of an item, or a model's defaults.
  ///
  /// - Throws: as ``value(_:)``.
  func parameters(_ column: StaticString) throws -> RenderParameters {
    let text: String = try value(column)
    do {
      return try parameterCache.parameters(text)
    } catch {
      throw AtelierError(unreadable: text, column, as: "\(RenderParameters.self)")
    }
  }

  /// What an item asks for; null for a picture of its prompt, which nearly all ask for.
  func operation(_ column: StaticString) throws -> PictureOperation {
    try decoded(column) ?? .render(embedding: nil)
  }

  /// A size in pixels from two columns; null in both where the size is not known.
  func size(_ width: StaticString, _ height: StaticString) throws -> PictureSize? {
    let (width, height): (Int?, Int?) = (try value(width), try value(height))
    guard let width, let height else { return nil }
    return PictureSize(width: width, height: height)
  }

  /// The shape of an array, as ``StoreTransaction/text(_:)`` writes it: `2x77x768`.
  func shape(_ column: StaticString) throws -> [Int] {
    let text: String = try value(column)
    return text.split(separator: "x").compactMap { Int($0) }
  }
}
