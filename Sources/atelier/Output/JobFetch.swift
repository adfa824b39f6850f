import Crypto
import Foundation
import Imaging
import Shared

/// Brings a job's pictures here, with `manifest.jsonl` and a contact sheet. May be run again, and several times at
/// once: what is there, whole, stays, and what is damaged or missing is fetched. A picture that cannot be had costs
/// itself only. A coordinator that is started again is waited for by a ``PatientClient``.
struct JobFetch {
  let client: any CoordinatorQuestions
  let job: JobID
  /// Is made if it is not there, and is this job's from then on (``FetchFolder``); nothing in it is deleted.
  let folder: String
  let quiet: Bool

  /// What a contact sheet is called.
  static let sheetName = "contact-sheet.png"
  /// Pictures that could not be had: those that facts list, and those that a person is told of.
  private static let (missingListed, missingNamed) = (1000, 20)

  /// What `--json` prints.
  struct Fetched: Encodable {
    var job: JobID
    var folder: String
    /// Finished pictures of the job, those that were here before included.
    var pictures = 0
    /// Images that failed, those included that are missing here.
    var failed = 0
    /// Pictures that are finished and could not be had, a thousand at most.
    var missing: [Missing] = []
    var manifest: String
    /// The path of the sheet, which shows the first 256 pictures; nil if there are none.
    var contactSheet: String?
  }

  /// A picture that could not be had.
  struct Missing: Encodable {
    var item: Int
    var index: Int
    var reason: String
  }

  /// Goes through the manifest part by part. A new manifest takes the old one's name when it is complete, with the
  /// coordinator's signature beside it; it is what the coordinator has signed, to the byte. Pictures that could not be
  /// had are named at the end, on standard error.
  ///
  /// - Throws: `notFound` for a job that there is not or whose pictures are no longer kept, `invalidInput` if the
  ///   folder is another job's, `malformed` for lines that this version cannot read, `system` if something cannot be
  ///   written, `unavailable` if the coordinator stays away.
  func run() async throws -> Fetched {
    let _: JobStatus = try await client.get("jobs/\(job)")
    try FetchFolder(path: folder).take(for: job)
    var fetched = Fetched(job: job, folder: folder, manifest: folder + "/" + ManifestFile.name)
    let manifest = try PartialFile(of: fetched.manifest)
    var signature = ManifestSignature(parts: [])
    var sheet = ContactSheet()
    var missing = 0
    var after: ImageID? = ImageID(0)
    while let start = after {
      let part: ManifestPart = try await client.get("jobs/\(job)/manifest?after=\(start)&limit=500")
      for text in part.lines.split(separator: "\n") {
        let line = try JSONCoding.decode(ManifestLine.self, from: Data(text.utf8))
        if let name = try fileName(of: line) {
          switch try await picture(line, name: name) {
          case .success(let png):
            fetched.pictures += 1
            if sheet.hasRoom { show(png, name, line, on: &sheet) }
          case .failure(let error):
            // All of them, if they are no longer kept: no use in asking for each.
            if error.code == .notFound, fetched.pictures == 0 { throw error }
            missing += 1
            if fetched.missing.count < Self.missingListed {
              fetched.missing.append(Missing(item: line.item, index: line.index, reason: error.message))
            }
          }
        }
        if line.state == .failed { fetched.failed += 1 }
        if let scores = line.scores, case .score(let images, let texts)? = line.operation, !quiet {
          print(ScoreText.table(pictures: images.map(\.name), texts: texts, scores: scores))
        }
      }
      try manifest.write(Data(part.lines.utf8))
      signature.parts.append(part.signed)
      after = part.next
    }
    fetched.failed += missing
    try manifest.finish()
    try LocalFile.write(
      JSONCoding.encode(signature, pretty: true) + Data("\n".utf8), to: folder + "/" + ManifestSignature.fileName)
    if fetched.pictures > 0 {
      let path = folder + "/" + Self.sheetName
      try LocalFile.write(PNG.encode(sheet.picture()), to: path)
      fetched.contactSheet = path
    }
    tell(fetched, missing: missing)
    return fetched
  }

  /// The name of a line's picture; nil if it has none yet.
  ///
  /// - Throws: `malformed` if it is not one that this version gives: no coordinator says which files are written.
  private func fileName(of line: ManifestLine) throws(AtelierError) -> String? {
    guard line.state == .completed, line.sha256 != nil else { return nil }
    guard let name = line.safeFile else {
      throw AtelierError(
        .malformed,
        "The coordinator names picture \(line.index) of item \(line.item) '\(line.file ?? "")', which is none of the "
          + "names that this version of atelier writes; use the coordinator's version."
      )
    }
    return name
  }

  /// Puts a picture on the sheet. It is what its digest says, so one that cannot be read is kept, and not shown.
  private func show(_ png: Data, _ name: String, _ line: ManifestLine, on sheet: inout ContactSheet) {
    do throws(ImagingError) {
      sheet.add(try PNG.decode(Array(png)), caption: line.title)
    } catch {
      standardError("'\(name)' is not on the contact sheet. \(error.message)")
    }
  }

  /// Says what came of it, and what did not.
  private func tell(_ fetched: Fetched, missing: Int) {
    if !quiet {
      printLine("\(fetched.pictures) pictures in \(folder), described by manifest.jsonl")
      if let sheet = fetched.contactSheet { printLine("contact sheet: \(sheet)") }
    }
    for picture in fetched.missing.prefix(Self.missingNamed) {
      standardError("not fetched: picture \(picture.index) of item \(picture.item): \(picture.reason)")
    }
    if missing > Self.missingNamed { standardError("not fetched: \(missing - Self.missingNamed) more") }
    if fetched.failed > missing {
      standardError("\(fetched.failed - missing) pictures failed; 'atelier status \(job)' says why")
    }
  }

  /// The picture, from the folder if it is there already, else from the coordinator; checked either way. A failure is
  /// one of this picture alone.
  ///
  /// - Throws: what ends the fetch: `system` if nothing can be written, `unavailable`.
  private func picture(_ line: ManifestLine, name: String) async throws -> Result<Data, AtelierError> {
    let path = folder + "/" + name
    if let bytes = try? LocalFile.read(path), digest(bytes) == line.sha256 { return .success(Data(bytes)) }
    let data: Data
    do {
      data = try await client.bytes("jobs/\(job)/pictures/\(line.item)/\(line.index)")
    } catch let error as AtelierError where error.code != .unavailable {
      return .failure(error)
    }
    guard digest(data) == line.sha256 else {
      return .failure(AtelierError(.malformed, "It does not match its SHA-256; fetch it again."))
    }
    try LocalFile.write(data, to: path)
    return .success(data)
  }

  /// The SHA-256 in hexadecimal, as manifests have it.
  private func digest(_ data: some DataProtocol) -> String { hexadecimal(SHA256.hash(data: data)) }
}
