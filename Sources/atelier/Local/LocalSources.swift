import Shared
import UnCLIP

/// The files of a request that is rendered on this machine, as a task has them. What is no such file is told by its
/// path, before any work.
struct LocalSources {
  /// By their SHA-256.
  private(set) var artifacts: [String: Artifact] = [:]

  /// A picture file.
  ///
  /// - Throws: `notFound`, `system`, or `invalidInput` if it is no such picture.
  mutating func picture(_ path: String) throws(AtelierError) -> SourceFile {
    let bytes = try LocalFile.read(path)
    _ = try LocalFile.picture(bytes, path)
    return add(bytes, path)
  }

  /// A file with an image embedding.
  ///
  /// - Throws: as ``picture(_:)``; an `UnCLIPError` if it holds no embedding.
  mutating func embedding(_ path: String) throws -> SourceFile {
    let bytes = try LocalFile.read(path)
    _ = try EmbeddingFile.read(bytes, name: path)
    return add(bytes, path)
  }

  private mutating func add(_ bytes: [UInt8], _ path: String) -> SourceFile {
    let artifact = Artifact(source: bytes)
    let digest = hexadecimal(artifact.sha256)
    artifacts[digest] = artifact
    return SourceFile(digest: digest, name: SourceFile(path).name)
  }
}
