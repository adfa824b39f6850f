import Foundation
import Shared

/// The files that lines of a prompt file may name: pictures and embeddings below the prompt file's folder. A prompt
/// file may come from somebody else, and must not send away what happens to lie on this machine.
struct SourceFolder: Sendable {
  /// Ends with a slash.
  private let path: String
  /// Whether files elsewhere are taken too.
  private let allowsOutside: Bool

  /// - Parameter file: the prompt file.
  init(of file: String, allowsOutside: Bool) {
    let folder = URL(filePath: file).deletingLastPathComponent().path(percentEncoded: false)
    path = folder.hasSuffix("/") ? folder : folder + "/"
    self.allowsOutside = allowsOutside
  }

  /// A file that a line names, open at its beginning; nil if there is none or it cannot be read, which the
  /// coordinator tells with all other bad lines.
  ///
  /// - Throws: `invalidInput` if it must not be uploaded, with what to do.
  func open(_ source: SourceFields.Source) throws(AtelierError) -> (file: FileHandle, size: Int)? {
    let name = source.file
    // A path that a NUL cuts short would be another one.
    guard !name.isEmpty, !name.utf8.contains(0),
      let resolved = Self.resolve(name.hasPrefix("/") ? name : path + name)
    else { return nil }
    if !allowsOutside {
      // The folder may be reached by a link itself.
      guard let folder = Self.resolve(path), resolved.hasPrefix(folder == "/" ? folder : folder + "/") else {
        throw AtelierError(
          .invalidInput,
          "It names '\(name)', which lies outside the prompt file's folder. Copy it there, or submit with "
            + "--allow-outside if you trust the prompt file."
        )
      }
    }
    let opened: (file: FileHandle, size: Int)
    do {
      opened = try RegularFile.open(resolved)
    } catch {
      guard error.code == .system || access(resolved, F_OK) != 0 else {
        throw AtelierError(
          .invalidInput, "It names '\(name)', which is no regular file. Name \(source.kind.expected).")
      }
      return nil
    }
    guard opened.size <= SourceFile.largest else {
      throw AtelierError(
        .invalidInput,
        "It names '\(name)', which has \(opened.size) bytes; at most \(SourceFile.largest) are taken. Make it smaller.")
    }
    if let misfit = source.kind.misfit(opened.file, size: opened.size) {
      throw AtelierError(.invalidInput, "It names '\(name)', which \(misfit)")
    }
    return opened
  }

  /// All of a file, as ``open(_:)`` lets it be read.
  func read(_ source: SourceFields.Source) throws(AtelierError) -> [UInt8]? {
    guard let (file, size) = try open(source) else { return nil }
    return try LocalFile.read(file, size: size, source.file)
  }

  /// A path without links and dots; nil if there is nothing, or no permission to go there.
  private static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
