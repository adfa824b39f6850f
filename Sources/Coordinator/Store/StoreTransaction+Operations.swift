import Foundation
import GRDB
import Shared

/// How the store keeps what an item asks for beside its prompt.
extension StoreTransaction {
  /// Null for a picture of the prompt, which is what nearly all items ask for.
  static func fields(of operation: PictureOperation) throws -> String? {
    operation == .render(embedding: nil) ? nil : String(decoding: try JSONCoding.encode(operation), as: UTF8.self)
  }

  static func operation(_ row: Row) throws -> PictureOperation { try operation(row["operation"]) }

  static func operation(_ text: String?) throws -> PictureOperation {
    guard let text else { return .render(embedding: nil) }
    return try JSONCoding.decode(PictureOperation.self, from: Data(text.utf8))
  }

  static func seed(_ seed: Int64, of operation: PictureOperation, image: Int) -> UInt64 {
    UInt64(bitPattern: seed) &+ (operation.countsSeeds ? UInt64(image) : 0)
  }

  /// Nil where the picture keeps the size of its source.
  static func size(_ row: Row) -> PictureSize? {
    let (width, height): (Int, Int) = (row["width"], row["height"])
    return width == 0 ? nil : PictureSize(width: width, height: height)
  }
}
