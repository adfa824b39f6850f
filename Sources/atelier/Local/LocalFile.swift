import Foundation
import Imaging
import Shared

/// Files that commands read and write on this machine.
enum LocalFile {
  /// All of a file, of at most ``SourceFile/largest`` bytes.
  ///
  /// - Throws: `notFound` or `system` if it cannot be read, `invalidInput` if it is too large, which is asked before
  ///   anything is read, or no regular file.
  static func read(_ path: String) throws(AtelierError) -> [UInt8] {
    let (file, size) = try RegularFile.open(path)
    return try read(file, size: size, path)
  }

  /// All of an open file.
  ///
  /// - Parameters:
  ///   - size: what it had in bytes when it was opened.
  ///   - path: for errors.
  /// - Throws: as ``read(_:)``.
  static func read(_ file: FileHandle, size: Int, _ path: String) throws(AtelierError) -> [UInt8] {
    try checkSize(size, path)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    do {
      // It may have grown since it was asked.
      while bytes.count <= SourceFile.largest, let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
        bytes.append(contentsOf: piece)
      }
    } catch {
      throw AtelierError("Cannot read '\(path)'", system: error)
    }
    try checkSize(bytes.count, path)
    return bytes
  }

  private static func checkSize(_ size: Int, _ path: String) throws(AtelierError) {
    guard size <= SourceFile.largest else {
      throw AtelierError(
        .invalidInput, "Cannot use '\(path)': it has \(size) bytes; at most \(SourceFile.largest) are taken.")
    }
  }

  /// A picture file with its opacity, upright.
  ///
  /// - Throws: `invalidInput` if it is no such picture.
  static func picture(_ path: String) throws(AtelierError) -> RGBAImage {
    try picture(read(path), path)
  }

  /// The same of its bytes.
  ///
  /// - Parameter path: for errors.
  static func picture(_ bytes: [UInt8], _ path: String) throws(AtelierError) -> RGBAImage {
    do throws(ImagingError) {
      return try PictureFile.decodeWithOpacity(bytes)
    } catch {
      throw AtelierError(.invalidInput, "Cannot use '\(path)': \(error.message)")
    }
  }

  /// A picture as CLIP sees it, and a person: what is transparent shows white, as in the reference's preprocessing.
  ///
  /// - Throws: as ``picture(_:)``.
  static func seen(_ path: String) throws(AtelierError) -> RGBImage { try picture(path).over((255, 255, 255)) }

  /// Writes a file that is whole or not there; one of that name is replaced.
  ///
  /// - Throws: `system`.
  static func write(_ bytes: some ContiguousBytes, to path: String) throws(AtelierError) {
    let file = try PartialFile(of: path)
    try file.write(bytes)
    try file.finish()
  }

  /// Refuses a place that cannot be written before the work, not after it.
  ///
  /// - Throws: `system` if the folder is not there or not writable.
  static func checkFolder(of path: String) throws(AtelierError) {
    let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw AtelierError(
        .system, "Cannot write '\(path)': the folder '\(folder)' does not exist, or there is no permission.")
    }
  }

  /// `x.png` for one file, `x-0.png`, `x-1.png` for several; a name without an ending gets its number at the end.
  static func numbered(_ path: String, _ index: Int, of count: Int) -> String {
    guard count > 1 else { return path }
    let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
    let dot = name.lastIndex(of: ".") ?? path.endIndex
    return "\(path[..<dot])-\(index)\(path[dot...])"
  }
}
