import Coordinator
import Imaging
import Shared
import UnCLIP

/// Looks at the files that lines of a prompt file name before anything of it is sent: whether pictures and embeddings can
/// be read, and whether the pictures of an edit fit each other. Otherwise a job would fail hours later, item by item.
struct PictureCheck {
  private let folder: SourceFolder
  /// Files and edits that were found to be in order: many lines may name the same.
  private var known: Set<SourceFields.Source> = []
  private var edits: Set<SourceFields.Edit> = []

  init(_ folder: SourceFolder) { self.folder = folder }

  /// Goes through the files of a line.
  ///
  /// - Throws: `invalidInput` for a file that must not be uploaded or cannot be used, by its name, with what to do.
  mutating func check(_ sources: [SourceFields.Source], edit: SourceFields.Edit?) throws(AtelierError) {
    // Only those of one line: a picture may take half a gigabyte.
    var pictures: [String: RGBAImage] = [:]
    let edit = edit.flatMap { edits.contains($0) ? nil : $0 }
    for source in sources {
      let isOfEdit = edit.map { source.file == $0.image || source.file == $0.mask } ?? false
      guard isOfEdit || !known.contains(source) else { continue }
      if source.kind == .picture {
        guard let picture = try picture(source) else { continue }
        if isOfEdit { pictures[source.file] = picture }
      } else {
        guard let bytes = try folder.read(source) else { continue }
        if let fault = PictureInspector.embeddingFault(bytes, source.file) { throw fault }
      }
      known.insert(source)
    }
    guard let edit, let image = pictures[edit.image] else { return }
    let mask = edit.mask.flatMap { pictures[$0] }
    // A file that is not there is the coordinator's to tell.
    guard edit.mask == nil || mask != nil else { return }
    do throws(UnCLIPError) {
      try PictureEdit.check(image, mask: mask)
    } catch {
      let names = "'\(edit.image)'" + (edit.mask.map { ", with the mask '\($0)'" } ?? "")
      throw AtelierError(.invalidInput, "It asks to edit \(names). \(error.message)")
    }
    edits.insert(edit)
  }

  /// A picture; nil if there is no such file, or it cannot be opened.
  private func picture(_ source: SourceFields.Source) throws(AtelierError) -> RGBAImage? {
    guard let bytes = try folder.read(source) else { return nil }
    do throws(ImagingError) {
      return try PictureFile.decodeWithOpacity(bytes)
    } catch {
      throw AtelierError(.invalidInput, "It names '\(source.file)', which cannot be used. \(error.message)")
    }
  }
}
