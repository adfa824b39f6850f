import Foundation
import Imaging

/// What a file that a line names must be to be uploaded. Told by its content, whatever its name says: nothing else
/// leaves this machine.
enum SourceKind: Hashable {
  /// A PNG or JPEG: an image or a mask.
  case picture
  /// A safetensors file.
  case embedding

  /// What the file must be, in words.
  var expected: String {
    switch self {
    case .picture: "a PNG or JPEG picture"
    case .embedding: "a safetensors file"
    }
  }

  /// Whether a file begins as one of this kind.
  ///
  /// - Parameters:
  ///   - file: at its beginning; it is there again afterwards.
  ///   - size: of the file in bytes.
  func fits(_ file: FileHandle, size: Int) -> Bool {
    defer { try? file.seek(toOffset: 0) }
    guard let start = try? file.read(upToCount: 8) else { return false }
    switch self {
    case .picture: return start.starts(with: PNG.signature) || start.starts(with: JPEG.signature)
    case .embedding:
      guard start.count == 8 else { return false }
      let length = start.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      // An embedding's header describes one tensor; one of a megabyte is none.
      guard length >= 2, length <= UInt64(min(1 << 20, max(0, size - 8))),
        let header = try? file.read(upToCount: Int(length)), header.count == Int(length)
      else { return false }
      return (try? JSONSerialization.jsonObject(with: header)) is [String: Any]
    }
  }
}
