import Foundation
import Imaging
import Shared
import Tensor
import UnCLIP
import Worker

/// Makes pictures of a manifest again on this machine, and compares them with those that are there.
struct Rerendering {
  private let model: ModelFolder
  private let threads: ThreadPool
  /// Where the files are that requests named.
  private let sources: String

  /// - Throws: an `UnCLIPError` if the folder holds no model.
  init(model path: String, threads: ThreadPool, sources: String) throws {
    model = try ModelFolder(path: path)
    self.threads = threads
    self.sources = sources
  }

  /// Makes the picture of a line again.
  ///
  /// - Parameter path: of the picture that is there.
  /// - Throws: `invalidInput` if the model or a file of the request is another one, `notFound` if a file is missing.
  func compare(_ line: ManifestLine, with path: String) throws -> FolderVerification.Rerendered {
    let task = try ManifestRequest(line, model: model, folder: sources).task
    let made = try StageChain(model, for: task, threads: threads).run(task) { _, _ in .proceed }
    guard let picture = made[.picture] else {
      throw AtelierError(.wrongState, "The stages of '\(task.operation.kind)' have left no picture.")
    }
    return try Self.compare(
      picture.bytes, LocalFile.read(path), file: line.safeFile ?? path,
      isSameKind: Self.isOf(WorkerVersion.text(computesWith: UnCLIPExecutor.machine), line))
  }

  /// Whether a picture was made by machines of a kind alone. What was attempted again may have gone on from the state of
  /// another machine.
  static func isOf(_ kind: String, _ line: ManifestLine) -> Bool {
    !line.stages.isEmpty && line.stages.allSatisfy { $0.kind == kind && $0.attempts == 1 }
  }

  /// Compares two pictures' files.
  static func compare(
    _ made: [UInt8], _ there: [UInt8], file: String, isSameKind: Bool
  ) throws -> FolderVerification.Rerendered {
    if made == there {
      return FolderVerification.Rerendered(
        file: file, largestDifference: 0, isSameFile: true, isSameKind: isSameKind)
    }
    let (left, right) = (try PictureFile.decodeWithOpacity(made), try PictureFile.decodeWithOpacity(there))
    let isComparable = (left.width, left.height) == (right.width, right.height)
    return FolderVerification.Rerendered(
      file: file,
      largestDifference: isComparable
        ? zip(left.pixels, right.pixels).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) } : nil,
      isSameFile: false, isSameKind: isSameKind)
  }
}
