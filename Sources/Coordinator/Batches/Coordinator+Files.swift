package import Foundation
import Logging
package import Shared
import Store

/// Files of the OpenAI API. Each is its owner's alone: what is another's is not there.
extension Coordinator {
  /// Begins a file, which nobody sees before it is kept.
  ///
  /// - Throws: `system`.
  package func beginFile() async throws -> IncomingFile {
    try await blocking.run { [files] in IncomingFile(try files.begin()) }
  }

  /// Keeps a file that has arrived, durably.
  ///
  /// - Throws: `system`, `denied` if its owner would have more than they may.
  package func keep(_ incoming: IncomingFile, as file: APIFile) async throws {
    try await checkFiles(of: file.owner, with: incoming.size)
    try await blocking.run { try incoming.writer.keep(as: file.id) }
    do {
      let limits = limits
      try await perform { turn in
        try Self.check(file.bytes, of: file.owner, limits, in: turn.store)
        try turn.store.add(file)
      }
    } catch {
      files.remove(file.id)
      throw error
    }
  }

  /// Refuses a file that is on its way, if its owner would have more than they may.
  ///
  /// - Throws: `denied` that names the limit.
  package func checkFiles(of owner: String, with bytes: Int) async throws {
    guard limits.sourceBytes != nil else { return }
    let limits = limits
    try await store.read { try Self.check(bytes, of: owner, limits, in: $0) }
  }

  private static func check(
    _ bytes: Int, of owner: String, _ limits: ClusterConfiguration.Limits, in store: StoreTransaction
  ) throws {
    guard let limit = limits.sourceBytes else { return }
    let used = try store.uploadedBytes(of: owner, except: "") + store.fileBytes(of: owner)
    try check((used + bytes + (1 << 20) - 1) >> 20, limit >> 20, "megabytes of files", "source_megabytes", owner)
  }

  /// - Returns: nil if the owner has no such file.
  package func file(_ id: String, of owner: String) async throws -> APIFile? {
    try await store.read { try $0.file(id, of: owner) }
  }

  /// A page of an owner's files, and whether there are more.
  ///
  /// - Parameter last: those behind this one; from the first for nil.
  /// - Throws: `notFound` if the owner has no such file.
  package func files(
    of owner: String, after last: String?, newestFirst: Bool, purpose: APIFile.Purpose?, limit: Int
  ) async throws -> (files: [APIFile], hasMore: Bool) {
    let found = try await store.read { store in
      if let last, try store.file(last, of: owner) == nil { throw AtelierError.noFile(last) }
      return try store.files(
        of: owner, after: last, newestFirst: newestFirst, purpose: purpose, limit: limit + 1)
    }
    return (Array(found.prefix(limit)), found.count > limit)
  }

  /// What is in a file; it can be read to its end even if the file is deleted meanwhile.
  ///
  /// - Throws: `notFound` if the owner has no such file; `system` if it is missing on disk, or cannot be read.
  package func contents(ofFile id: String, of owner: String) async throws -> (file: APIFile, handle: FileHandle) {
    guard let file = try await file(id, of: owner) else { throw AtelierError.noFile(id) }
    guard let handle = try await blocking.run({ [files] in try files.open(id) }) else {
      throw AtelierError(.system, "The file '\(id)' is missing on disk, though the database names it.")
    }
    return (file, handle)
  }

  /// Deletes a file, for ever.
  ///
  /// - Throws: `notFound` if the owner has no such file.
  package func deleteFile(_ id: String, of owner: String) async throws {
    guard try await perform({ try $0.store.deleteFile(id, of: owner) }) else { throw AtelierError.noFile(id) }
    try await blocking.run { [files] in files.remove(id) }
  }

  /// Deletes files whose time is over, unless the wall clock is not believed.
  package func expireFiles() async throws {
    while true {
      let expired = try await perform { turn in
        turn.believesClock ? try turn.store.expireFiles(at: turn.now.time, limit: Self.filesPerTurn) : []
      }
      guard !expired.isEmpty else { return }
      try await blocking.run { [files] in for id in expired { files.remove(id) } }
      for id in expired { logger.info("file expired", metadata: ["file": "\(id)"]) }
    }
  }

  private static let filesPerTurn = 200
}

extension Turn {
  /// Whether what is old by the wall clock may go: not after it has jumped, before a person says that it is right.
  var believesClock: Bool {
    // Turns decide on events first, and look at the clock afterwards.
    var clock = state.clock
    _ = clock.look(at: now)
    return clock.jump == nil
  }
}

extension AtelierError {
  static func noFile(_ id: String) -> AtelierError { AtelierError(.notFound, "No such File object: \(id)") }
  static func noBatch(_ id: String) -> AtelierError { AtelierError(.notFound, "No batch found with id '\(id)'.") }
}
