import Crypto
import Foundation
import Imaging
import Shared

/// Brings a job's pictures here, with `manifest.jsonl` and a contact sheet. May be run again: what is there, whole,
/// stays, and what is damaged or missing is fetched.
struct JobFetch {
  let client: CoordinatorClient
  let job: JobID
  /// Is made if it is not there; nothing in it is deleted.
  let folder: String
  let quiet: Bool

  /// What `--json` prints.
  struct Fetched: Encodable {
    var job: JobID
    var folder: String
    /// Finished pictures of the job, those that were here before included.
    var pictures: Int
    var manifest: String
    /// The path of the sheet, which shows the first 256 pictures; nil if there are none.
    var contactSheet: String?
  }

  /// Goes through the manifest page by page. A new manifest takes the old one's name when it is complete.
  ///
  /// Pictures that are no longer kept are left out, if they are not here already.
  ///
  /// - Throws: `notFound` for a job that there is not or of whose pictures none is kept any more, `system` if something
  ///   cannot be written, `malformed` for a picture that is not what its digest says, `unavailable` if the coordinator
  ///   goes away.
  func run() async throws -> Fetched {
    let status: JobStatus = try await client.get("jobs/\(job)")
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw AtelierError("Cannot create the folder '\(folder)'", system: error)
    }
    let manifest = folder + "/manifest.jsonl"
    let temporary = manifest + ".part"
    guard FileManager.default.createFile(atPath: temporary, contents: nil),
      let lines = FileHandle(forWritingAtPath: temporary)
    else { throw AtelierError(.system, "Cannot write '\(temporary)': no permission, or the disk is full.") }

    var sheet = ContactSheet()
    var pictures = 0
    var gone = 0
    var after: ImageID? = ImageID(0)
    while let start = after {
      let page: ManifestPage = try await client.get("jobs/\(job)/images?after=\(start)&limit=500")
      for var line in page.lines {
        if line.state == .completed, line.sha256 != nil, let name = fileName(of: line, in: status) {
          guard let png = try await picture(line, name: name) else {
            gone += 1
            line.file = nil
            try lines.write(contentsOf: JSONCoding.encode(line) + Data("\n".utf8))
            continue
          }
          line.file = name
          pictures += 1
          if sheet.hasRoom { sheet.add(try PNG.decode(Array(png)), caption: line.title) }
        } else {
          line.file = nil
        }
        if let scores = line.scores, case .score(let images, let texts)? = line.operation, !quiet {
          print(ScoreText.table(pictures: images.map(\.name), texts: texts, scores: scores))
        }
        try lines.write(contentsOf: JSONCoding.encode(line) + Data("\n".utf8))
      }
      after = page.next
    }
    try lines.close()
    guard pictures > 0 || gone == 0 else {
      unlink(temporary)
      throw AtelierError(
        .notFound, "The pictures of the job '\(job)' are no longer kept ('coordinator.keep_pictures_days').")
    }
    guard rename(temporary, manifest) == 0 else { throw AtelierError(.system, "Cannot write '\(manifest)'.") }

    var fetched = Fetched(job: job, folder: folder, pictures: pictures, manifest: manifest, contactSheet: nil)
    if pictures > 0 {
      let path = folder + "/contact-sheet.png"
      try Data(PNG.encode(sheet.picture())).write(to: URL(fileURLWithPath: path), options: .atomic)
      fetched.contactSheet = path
    }
    if !quiet {
      printLine("\(pictures) pictures in \(folder), described by manifest.jsonl")
      if gone > 0 { printLine("\(gone) more are no longer kept ('coordinator.keep_pictures_days')") }
      if let sheet = fetched.contactSheet { printLine("contact sheet: \(sheet)") }
    }
    return fetched
  }

  /// `000012-a-red-apple.png`; with the picture's index where items of the job have several. The first eight words of
  /// the title are enough to know it by.
  private func fileName(of line: ManifestLine, in status: JobStatus) -> String? {
    let words = line.title.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.prefix(8)
    let digits = String(line.item)
    let number = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    let several = status.images.total > status.items ? "-\(line.index)" : ""
    let title = words.joined(separator: "-").prefix(60)
    return number + several + (title.isEmpty ? "" : "-" + title) + ".png"
  }

  /// The picture, from the folder if it is there already, else from the coordinator; checked either way. Nil if it is
  /// no longer kept.
  private func picture(_ line: ManifestLine, name: String) async throws -> Data? {
    let path = folder + "/" + name
    if let data = FileManager.default.contents(atPath: path), digest(data) == line.sha256 { return data }
    guard line.file != nil else { return nil }
    let data = try await client.bytes("jobs/\(job)/pictures/\(line.item)/\(line.index)")
    guard digest(data) == line.sha256 else {
      throw AtelierError(
        .malformed,
        "The picture \(line.index) of item \(line.item) does not match its SHA-256; it is damaged on the coordinator's disk."
      )
    }
    try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    return data
  }

  /// The SHA-256 in hexadecimal, as manifests have it.
  private func digest(_ data: Data) -> String { hexadecimal(SHA256.hash(data: data)) }
}
