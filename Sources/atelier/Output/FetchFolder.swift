import Foundation
import Shared

/// The folder that a job's pictures are fetched to. It belongs to that job from the first fetch on, so that no other
/// job's files are written over: a file in it says which. Several may fetch the same job to it at once.
struct FetchFolder {
  /// The file that says whose folder it is.
  static let marker = ".atelier-job"

  let path: String

  /// A folder that is kept for a job which is still being submitted. Others are refused it for as long as this lives.
  final class Reservation {
    private let folder: FetchFolder
    private let file: FileHandle
    private var isUsed = false

    fileprivate init(_ folder: FetchFolder, _ file: FileHandle) {
      (self.folder, self.file) = (folder, file)
    }

    deinit {
      // Still locked, and empty unless another took it before the lock.
      var status = stat()
      if !isUsed, fstat(file.fileDescriptor, &status) == 0, status.st_size == 0 { unlink(folder.markerPath) }
    }

    /// - Throws: `system` if it cannot be written.
    func take(for job: JobID) throws(AtelierError) {
      try folder.write(job, to: file)
      isUsed = true
    }
  }

  /// Makes the folder, if it is not there, and takes it for a job.
  ///
  /// - Throws: `invalidInput` if it is another job's, or has pictures of which nobody can tell whose they are; `system`
  ///   if it cannot be made or written.
  func take(for job: JobID) throws(AtelierError) {
    try make()
    if try isOwned(by: job) { return }
    let reservation = Reservation(self, try lock(wait: true))
    // Another may have been faster.
    if try isOwned(by: job) { return }
    try checkIsFree(for: job)
    try reservation.take(for: job)
  }

  /// Makes the folder, if it is not there, and keeps it for a job that has no name yet.
  ///
  /// - Throws: as ``take(for:)``.
  func reserve() throws(AtelierError) -> Reservation {
    try make()
    // Before the lock, which makes the file if it is not there.
    _ = try isOwned(by: nil)
    let reservation = Reservation(self, try lock(wait: false))
    _ = try isOwned(by: nil)
    try checkIsFree(for: nil)
    return reservation
  }

  private var markerPath: String { path + "/" + Self.marker }

  private func make() throws(AtelierError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw AtelierError("Cannot create the folder '\(path)'", system: error)
    }
  }

  /// Whether the folder is this job's; false while it is nobody's.
  ///
  /// - Throws: `invalidInput` if it is another's, with what to do.
  private func isOwned(by job: JobID?) throws(AtelierError) -> Bool {
    guard let (file, _) = try? RegularFile.open(markerPath), let bytes = try? file.read(upToCount: 200),
      let owner = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first
    else { return false }
    guard job?.text == String(owner) else { throw belongs(to: String(owner)) }
    return true
  }

  private func belongs(to owner: String) -> AtelierError {
    AtelierError(
      .invalidInput, "The folder '\(path)' has the pictures of \(owner), which are not written over. Name another.")
  }

  /// The file that says whose folder it is, for this process alone until it is closed.
  ///
  /// - Parameter wait: whether to wait a moment for another process, which takes hardly any time unless it submits.
  /// - Throws: `invalidInput` if another process has it, `system` if it cannot be written.
  private func lock(wait: Bool) throws(AtelierError) -> FileHandle {
    var attempts = wait ? 50 : 1
    while true {
      let descriptor = open(markerPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw AtelierError(errno: errno, "Cannot write to the folder '\(path)'") }
      let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      // Where there are no locks, what is written still says whose it is.
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK {
        var status = stat()
        // One that has gone meanwhile would keep nobody out.
        if fstat(descriptor, &status) == 0, status.st_nlink > 0 { return file }
        continue
      }
      attempts -= 1
      guard attempts > 0 else {
        throw AtelierError(
          .invalidInput, "Another command is about to write to the folder '\(path)'. Name another, or wait for it.")
      }
      usleep(20_000)
    }
  }

  /// A folder that no job has taken may hold a job's pictures all the same, from before folders were marked.
  ///
  /// - Throws: `invalidInput` if it does, unless its manifest is of this job.
  private func checkIsFree(for job: JobID?) throws(AtelierError) {
    let manifest = path + "/" + ManifestFile.name
    if access(manifest, F_OK) == 0 {
      guard let owner = Self.job(ofManifest: manifest) else { throw unknown(ManifestFile.name) }
      guard owner == job else { throw belongs(to: owner.text) }
      return
    }
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw AtelierError("Cannot read the folder '\(path)'", system: error)
    }
    if let name = names.sorted().first(where: Self.isOfFetch) { throw unknown(name) }
  }

  private func unknown(_ name: String) -> AtelierError {
    AtelierError(
      .invalidInput,
      "The folder '\(path)' has '\(name)', of which cannot be told which job it is of, and it is not written over. "
        + "Name another folder.")
  }

  /// Whether a file is called as a fetch calls one.
  private static func isOfFetch(_ name: String) -> Bool {
    name == JobFetch.sheetName || (name.hasSuffix(".png") && name.prefix(6).allSatisfy(\.isWholeNumber))
  }

  /// The job of a manifest's first line; nil if it is none.
  private static func job(ofManifest path: String) -> JobID? {
    struct Line: Decodable { let job: JobID }
    guard let (file, _) = try? RegularFile.open(path), let start = try? file.read(upToCount: 1 << 22),
      let line = start.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first
    else { return nil }
    return try? JSONCoding.decode(Line.self, from: Data(line)).job
  }

  private func write(_ job: JobID, to file: FileHandle) throws(AtelierError) {
    do {
      try file.truncate(atOffset: 0)
      try file.write(contentsOf: Data((job.text + "\n").utf8))
    } catch {
      throw AtelierError("Cannot write to the folder '\(path)'", system: error)
    }
  }
}
