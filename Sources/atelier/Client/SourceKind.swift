import Foundation
import Imaging

/// What a file that a line names must be to be uploaded. Told by its content, whatever its name says: nothing else
/// leaves this machine.
enum SourceKind: Hashable {
  /// An image or a mask, of a format that is read.
  case picture
  /// A safetensors file.
  case embedding

  /// What the file must be, in words.
  var expected: String {
    switch self {
    case .picture: "a \(PictureFormat.taken) picture"
    case .embedding: "a safetensors file"
    }
  }

  /// Why a file is not of this kind, as its beginning shows, and what to do; nil if it is.
  ///
  /// - Parameters:
  ///   - file: at its beginning; it is there again afterwards.
  ///   - size: of the file in bytes.
  func misfit(_ file: FileHandle, size: Int) -> String? {
    defer { try? file.seek(toOffset: 0) }
    let other = "is not \(expected), and nothing else is uploaded there. Name another."
    switch self {
    case .picture:
      let start = (try? file.read(upToCount: PictureFormat.signatureLength)) ?? Data()
      switch PictureFormat(of: start) {
      case .png, .jpeg, .webp, .gif: return nil
      case .other(let name, let remedy): return "is \(name), and not \(expected); \(remedy)."
      case nil: return other
      }
    case .embedding: return Self.isEmbedding(file, size: size) ? nil : other
    }
  }

  private static func isEmbedding(_ file: FileHandle, size: Int) -> Bool {
    guard let start = try? file.read(upToCount: 8), start.count == 8 else { return false }
    let length = start.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    // An embedding's header describes one tensor; one of a megabyte is none.
    guard length >= 2, length <= UInt64(min(1 << 20, max(0, size - 8))),
      let header = try? file.read(upToCount: Int(length)), header.count == Int(length)
    else { return false }
    return (try? JSONSerialization.jsonObject(with: header)) is [String: Any]
  }
}
