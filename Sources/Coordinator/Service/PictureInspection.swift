import Shared
import Store
import Synchronization

/// Looks at the pictures and embeddings that submissions name, one at a time, since one may take half a gigabyte, and each once. No turn
/// and no cooperative thread waits for it.
final class PictureInspection: Sendable {
  private let inspector: PictureInspector
  private let sources: SourceFolder
  private let work = BlockingWork("atelier.coordinator.pictures", oneAtATime: true)
  /// What was found in order: the purpose, and the digests of the files.
  private let sound = Mutex<Set<[String]>>([])
  private static let mostSound = 10_000

  init(_ inspector: PictureInspector, _ sources: SourceFolder) {
    self.inspector = inspector
    self.sources = sources
  }

  /// Looks at the files of a request.
  ///
  /// - Throws: `invalidInput` for what cannot be used, by its name; `system` if a file cannot be read now.
  func check(_ operation: PictureOperation) async throws(AtelierError) {
    if case .render(let embedding) = operation {
      guard let file = embedding else { return }
      return try await once([file], as: "embedding") { [inspector] files in
        inspector.faultOfEmbedding(files[0], file.name)
      }
    }
    for file in operation.sources {
      try await once([file], "It names '\(file.name)', which cannot be used.") {
        [inspector] files in inspector.fault(files[0])
      }
    }
    guard case .edit(let image, let mask) = operation else { return }
    let names = "'\(image.name)'" + (mask.map { ", with the mask '\($0.name)'" } ?? "")
    // Told from a picture by itself, which is in order as such.
    try await once([image, mask].compactMap { $0 }, as: "edit", "It asks to edit \(names).") {
      [inspector] files in inspector.faultOfEdit(files[0], files.count > 1 ? files[1] : nil)
    }
  }

  /// The picture as a PNG file of another size.
  ///
  /// - Throws: `invalidInput` for what is no picture.
  func resized(_ picture: [UInt8], to size: PictureSize) async throws -> [UInt8] {
    try await work.run { [inspector] in try inspector.resized(picture, size) }
  }

  /// Looks at files, unless they were found in order before.
  ///
  /// - Parameters:
  ///   - purpose: what they were found in order for.
  ///   - subject: a sentence that names them, before what is wrong; nil if that names them itself.
  private func once(
    _ files: [SourceFile], as purpose: String = "picture", _ subject: String? = nil,
    _ fault: @escaping @Sendable ([[UInt8]]) -> AtelierError?
  ) async throws(AtelierError) {
    let digests = files.compactMap(\.digest)
    let finding = [purpose] + digests
    guard digests.count == files.count, !sound.withLock({ $0.contains(finding) }) else { return }
    do {
      try await work.run { [sources] in
        var contents: [[UInt8]] = []
        for digest in digests { contents.append(try sources.read(digest).bytes) }
        if let fault = fault(contents) { throw fault }
      }
    } catch let error as AtelierError where error.code != .system {
      throw AtelierError(.invalidInput, (subject.map { $0 + " " } ?? "") + error.message)
    } catch {
      throw error as? AtelierError ?? AtelierError(.internal, "\(subject ?? "") \(error)")
    }
    sound.withLock { sound in
      if sound.count >= Self.mostSound { sound.removeAll() }
      sound.insert(finding)
    }
  }
}
