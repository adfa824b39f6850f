import Foundation
import Shared
import UnCLIP
import Worker

/// A line of a manifest as a request that gives the same picture again: that model, those bytes of source files, every
/// parameter as it was. Another model or another file is refused.
struct ManifestRequest {
  let request: PictureRequest
  /// Nil where the picture keeps the size of its source.
  let size: PictureSize?

  /// - Parameter folder: where the files are that the request named.
  /// - Throws: `invalidInput` if the line is of another model, makes no picture, or a file of it is another one;
  ///   `notFound` if a file is missing.
  init(_ line: ManifestLine, model: ModelFolder, folder: String) throws {
    let digest = try model.digest
    guard line.modelDigest == digest else {
      throw AtelierError(
        .invalidInput,
        "Item \(line.item) was made by the model '\(line.model)' (digest \(line.modelDigest.prefix(12))), and '\(model.path)' is \(digest.prefix(12)); name the right folder with --model."
      )
    }
    let operation = line.operation ?? .render(embedding: nil)
    guard operation.kind != .score else {
      throw AtelierError(.invalidInput, "Item \(line.item) is a scoring, which makes no picture.")
    }
    size = operation.kind == .edit ? nil : line.size
    var task = StageTask(
      id: TaskAttempt(task: TaskID(0), attempt: 1), job: line.job, item: line.item, image: line.index,
      stage: StagePlan(for: operation).first, modelDigest: digest, prompt: line.prompt,
      negativePrompt: line.negativePrompt ?? "", seed: line.seed, parameters: line.parameters, size: size,
      operation: try TaskOperation(operation, image: line.index, of: line.count), itemOutputsWanted: true)
    for file in operation.sources {
      let artifact = try Self.read(file, in: folder)
      task.sources[hexadecimal(artifact.sha256)] = artifact
    }
    request = try PictureRequest(whole: task)
  }

  /// A file beside the manifest, under the name that the request's author gave it.
  ///
  /// - Throws: `invalidInput` if its SHA-256 is not the one that was uploaded, `notFound` if it is not there.
  private static func read(_ file: SourceFile, in folder: String) throws -> Artifact {
    let path = "\(folder)/\(file.name)"
    let bytes = try LocalFile.read(path)
    let artifact = Artifact(kind: .source, type: .uint8, shape: [bytes.count], bytes: bytes)
    guard hexadecimal(artifact.sha256) == file.digest else {
      throw AtelierError(
        .invalidInput, "'\(path)' is not the file that the request named; its SHA-256 is another. Name its folder with --sources.")
    }
    return artifact
  }
}
