import Shared
import Store

/// Reads the files that requests came with, for the assignments of one turn: each once, however many tasks and workers
/// it goes to, and no more of them than a turn may hold in memory.
struct SourceReader {
  /// What becomes of a task whose files are asked for.
  enum Files {
    case read([String: Artifact])
    /// The turn has read as much as it may; the task is for another.
    case later
  }

  /// Of files that one turn reads, and of those in one message, in bytes. A single task may have more, but for
  /// ``PictureOperation/mostSourceBytes``.
  static let mostBytes = 64 << 20

  private let sources: SourceFolder
  private let limit: Int
  private var known: [String: Result<Artifact, AtelierError>] = [:]
  private var bytesOfTurn = 0
  private var inMessage: Set<String> = []
  private var bytesOfMessage = 0

  init(_ sources: SourceFolder, limit: Int = SourceReader.mostBytes) {
    self.sources = sources
    self.limit = limit
  }

  /// Another message begins.
  mutating func beginMessage() {
    inMessage = []
    bytesOfMessage = 0
  }

  /// The files of a task, which goes into the message.
  ///
  /// - Throws: as ``SourceFolder/read(_:)``.
  mutating func files(_ digests: [String]) throws(AtelierError) -> Files {
    var (read, sent) = (0, 0)
    for digest in digests where !inMessage.contains(digest) {
      // Of what is not there reading it tells.
      let size = try sources.size(of: digest) ?? 0
      sent += size
      if known[digest] == nil { read += size }
    }
    // The first of a turn and of a message goes whatever it has.
    if read > 0, bytesOfTurn > 0, bytesOfTurn + read > limit { return .later }
    if sent > 0, bytesOfMessage > 0, bytesOfMessage + sent > limit { return .later }
    var files: [String: Artifact] = [:]
    for digest in digests {
      let file = known[digest] ?? Result { () throws(AtelierError) in try sources.read(digest) }
      known[digest] = file
      files[digest] = try file.get()
    }
    bytesOfTurn += read
    bytesOfMessage += sent
    inMessage.formUnion(digests)
    return .read(files)
  }
}
