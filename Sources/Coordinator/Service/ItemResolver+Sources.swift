import Shared
import Store

extension ItemResolver {
  /// Refuses a request whose files are not here, are too much together, or cannot be used.
  ///
  /// - Throws: `invalidInput` that names the file, `system` if a file cannot be looked at now.
  func checkSources(of operation: PictureOperation) async throws(AtelierError) {
    var sizes: [String: Int] = [:]
    for file in operation.sources {
      guard let digest = file.digest else {
        throw AtelierError(
          .invalidInput, "There is no file '\(file)' beside the prompt file, or it was not uploaded (SHA-256).")
      }
      guard let size = try coordinator.sources.size(of: digest) else {
        throw AtelierError(
          .invalidInput, "The file '\(file.name)' was not uploaded; send it with PUT /api/v1/sources/\(digest).")
      }
      sizes[digest] = size
    }
    let bytes = sizes.values.reduce(0, +)
    guard bytes <= PictureOperation.mostSourceBytes else {
      throw AtelierError(
        .invalidInput,
        "Its \(sizes.count) files have \(bytes) bytes together; at most \(PictureOperation.mostSourceBytes) are taken "
          + "of one request. Name fewer, or make them smaller.")
    }
    try await coordinator.pictureInspection?.check(operation)
  }
}
