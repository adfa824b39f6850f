import Foundation
import Shared
import UnCLIP

/// A line of a manifest as a task that gives the same picture again: that model, those bytes of source files, every
/// parameter as it was. Another model or another file is refused.
struct ManifestRequest {
  /// At its first stage, with all files that the request named.
  private(set) var task: StageTask

  /// - Parameter folder: where the files are that the request named, itself or a folder below it.
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
    let request = line.request
    guard request.operation.kind != .score else {
      throw AtelierError(.invalidInput, "Item \(line.item) is a scoring, which makes no picture.")
    }
    task = StageTask(
      id: TaskAttempt(task: TaskID(0), attempt: 1), job: line.job, item: line.item, image: line.index,
      stage: StagePlan(for: request.operation).first, modelDigest: digest, prompt: request.prompt,
      negativePrompt: request.negativePrompt ?? "", seed: line.seed, parameters: request.parameters,
      // An edit keeps the size of its picture.
      size: request.operation.kind == .edit ? nil : request.size,
      operation: try TaskOperation(request.operation, image: line.index, of: line.count), itemOutputsWanted: true)
    for file in request.operation.sources {
      guard let digest = file.digest, task.sources[digest] == nil else { continue }
      task.sources[digest] = try NamedSource(file, digest).read(in: folder)
    }
  }
}
