import Foundation
import Shared

/// A file that a manifest's line names: by its SHA-256 and, for people, by its name without the folder that it was in.
struct NamedSource {
  private let name: String
  private let digest: String

  init(_ file: SourceFile, _ digest: String) { (name, self.digest) = (file.name, digest) }

  /// Files that are looked at, so that a folder of a whole disk is not gone through.
  private static let mostEntries = 100_000

  /// The file in a folder, or in one below it: a request may name several of one name, which lay in different ones.
  ///
  /// - Throws: `invalidInput` if what has its name has another SHA-256, `notFound` if nothing has.
  func read(in folder: String) throws -> Artifact {
    let path = "\(folder)/\(name)"
    let nearest: Result<Artifact?, any Error> = Result { try matching(path) }
    if case .success(let artifact?) = nearest { return artifact }
    for other in paths(below: folder) {
      // One that cannot be read is not told: another may be it.
      if let artifact = try? matching("\(folder)/\(other)") { return artifact }
    }
    _ = try nearest.get()
    throw AtelierError(
      .invalidInput,
      "'\(path)' is not the file that the request named; its SHA-256 is another. Name its folder with --sources.")
  }

  /// A file, if it is the one; nil if its SHA-256 is another.
  private func matching(_ path: String) throws -> Artifact? {
    let artifact = Artifact(source: try LocalFile.read(path))
    return hexadecimal(artifact.sha256) == digest ? artifact : nil
  }

  /// The files of its name below a folder, but not in it, sorted.
  private func paths(below folder: String) -> [String] {
    var paths: [String] = []
    var entries = 0
    let names = FileManager.default.enumerator(atPath: folder)
    while entries < Self.mostEntries, let path = names?.nextObject() as? String {
      entries += 1
      if path.hasSuffix("/" + name) { paths.append(path) }
    }
    return paths.sorted()
  }
}
