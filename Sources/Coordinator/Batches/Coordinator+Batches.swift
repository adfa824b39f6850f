import Logging
package import Shared
import Store

/// Batches of the OpenAI API. Each is its owner's alone: what is another's is not there.
extension Coordinator {
  /// Begins a batch; its file is read afterwards.
  package func add(_ batch: Batch) async throws {
    try await perform { try $0.store.add(batch) }
    batchesChanged.signal()
  }

  /// A batch with its counts as they are.
  ///
  /// - Throws: `notFound` if the owner has no such batch.
  package func batch(_ id: String, of owner: String) async throws -> Batch {
    try await store.read { store in
      guard let batch = try store.batch(id, of: owner) else { throw AtelierError.noBatch(id) }
      return try Self.counted(batch, in: store)
    }
  }

  /// A page of an owner's batches, the newest first, and whether there are more.
  ///
  /// - Parameter last: those behind this one; from the newest for nil.
  /// - Throws: `notFound` if the owner has no such batch.
  package func batches(of owner: String, after last: String?, limit: Int) async throws -> (
    batches: [Batch], hasMore: Bool
  ) {
    let found = try await store.read { store in
      if let last, try store.batch(last, of: owner) == nil { throw AtelierError.noBatch(last) }
      return try store.batches(of: owner, after: last, limit: limit + 1).map { try Self.counted($0, in: store) }
    }
    return (Array(found.prefix(limit)), found.count > limit)
  }

  private static func counted(_ batch: Batch, in store: StoreTransaction) throws -> Batch {
    guard !batch.state.isFinal, let id = batch.job else { return batch }
    let job = try store.job(id)
    return batch.counting(job.images, items: job.items)
  }

  /// Asks for no more of a batch: its job is cancelled, and what was done is answered afterwards. One that is cancelled
  /// stays so.
  ///
  /// - Throws: `notFound` if the owner has no such batch, `wrongState` if it has ended otherwise, or is about to.
  package func cancelBatch(_ id: String, of owner: String) async throws -> Batch {
    let batch = try await perform { turn in
      guard var batch = try turn.store.batch(id, of: owner) else { throw AtelierError.noBatch(id) }
      if [.cancelling, .cancelled].contains(batch.state) { return try Self.counted(batch, in: turn.store) }
      guard batch.cancel(at: turn.now.time) else {
        throw AtelierError(.wrongState, "Cannot cancel a batch with status '\(batch.state.rawValue)'.")
      }
      try turn.endJob(of: batch)
      return try Self.counted(batch, in: turn.store)
    }
    batchesChanged.signal()
    return batch
  }

  /// Batches that have not ended, the oldest first.
  package func openBatches() async throws -> [Batch] { try await store.read { try $0.openBatches() } }

  /// A batch as it is now, whoever's it is; nil if it has ended.
  package func openBatch(_ id: String) async throws -> Batch? {
    try await store.read { try $0.batch(id) }.flatMap { $0.state.isFinal ? nil : $0 }
  }

  /// Whether the job of a batch is worked on; nil for a batch without one.
  package func state(ofJobOf batch: Batch) async throws -> JobState? {
    guard let job = batch.job else { return nil }
    return try await store.read { try $0.job(job).state }
  }

  /// Ends the job of a batch whose time is over, unless the wall clock is not believed.
  ///
  /// - Returns: whether the batch ends with that.
  package func expireBatch(_ id: String) async throws -> Bool {
    try await perform { turn in
      guard var batch = try turn.store.batch(id), batch.expiresAt <= turn.now.time, turn.believesClock,
        batch.expire(at: turn.now.time)
      else { return false }
      try turn.endJob(of: batch)
      return true
    }
  }

  /// The job of a batch has ended: its answers are to be written. A job that somebody has cancelled cancels the batch.
  package func finalizeBatch(_ id: String) async throws {
    try await perform { turn in
      guard var batch = try turn.store.batch(id) else { return }
      let job = try batch.job.map { try turn.store.job($0) }
      guard job?.state.isFinal ?? true else { return }
      let isChanged =
        job?.state == .cancelled ? batch.cancel(at: turn.now.time) : batch.finalize(at: turn.now.time)
      if isChanged { try turn.store.update(batch) }
    }
  }

  /// Lines of a batch in their order, with what has become of them; those behind one.
  package func answers(of batch: Batch, after line: Int, limit: Int) async throws -> [BatchAnswer] {
    try await store.read { try $0.answers(of: batch, after: line, limit: limit) }
  }

  /// A file with answers of a batch, all of which are written to it.
  package typealias AnswerFile = (contents: IncomingFile, file: APIFile)

  /// Ends a batch, with its files: both are there and named, or neither. Who dies meanwhile leaves files that nobody
  /// names, which go at the next start, and the batch begins to be answered anew.
  ///
  /// - Parameters:
  ///   - counts: of the lines in either file.
  ///   - event: the id of the event that tells of the end.
  package func endBatch(
    _ id: String, output: AnswerFile?, errors: AnswerFile?, counts: Batch.Counts, event: String
  ) async throws {
    let written = [output, errors].compactMap { $0 }
    let hasEnded: Bool
    do {
      try await blocking.run { for answer in written { try answer.contents.writer.keep(as: answer.file.id) } }
      hasEnded = try await end(id, event) { batch, turn in
        let now = turn.now.time
        guard batch.end(outputFile: output?.file.id, errorFile: errors?.file.id, counts: counts, at: now) else {
          return false
        }
        for answer in written { try turn.store.add(answer.file) }
        return true
      }
    } catch {
      for answer in written { files.remove(answer.file.id) }
      throw error
    }
    if !hasEnded { for answer in written { files.remove(answer.file.id) } }
    try await dropLines(of: id)
  }

  /// Ends a batch whose file cannot be used.
  ///
  /// - Parameter event: the id of the event that tells of it.
  package func failBatch(_ id: String, _ faults: [BatchFault], event: String) async throws {
    _ = try await end(id, event) { batch, turn in batch.fail(faults, at: turn.now.time) }
    try await dropLines(of: id)
  }

  /// Has a batch end, and tells those who want to know.
  private func end(
    _ id: String, _ event: String, _ body: @escaping @Sendable (inout Batch, inout Turn) throws -> Bool
  ) async throws -> Bool {
    let webhooks = webhooks
    let hasEnded = try await perform { turn in
      guard var batch = try turn.store.batch(id), try body(&batch, &turn), let type = batch.event else { return false }
      try turn.store.update(batch)
      let now = turn.now.time
      let body = WebhookEvent(id: event, type: type, createdAt: Int(now), subject: id).body
      for endpoint in webhooks where endpoint.wants(type, of: batch.owner) {
        try turn.store.add(
          WebhookDelivery(event: event, url: endpoint.url, body: body, createdAt: now, nextAt: now))
      }
      turn.log(.info, "batch ended", ["batch": "\(id)", "state": "\(batch.state.rawValue)"])
      return true
    }
    if hasEnded { batchesChanged.signal() }
    return hasEnded
  }

  /// Forgets the lines of a batch that has ended, or is to be read again; a part a turn.
  package func dropLines(of id: String) async throws {
    while try await perform({ try $0.dropLines(of: id, limit: Self.linesPerTurn) }) > 0 {}
  }

  /// Forgets the lines of batches that ended when somebody died.
  package func dropLeftLines() async throws {
    for id in try await store.read({ try $0.endedBatchesWithLines() }) { try await dropLines(of: id) }
  }

  static let linesPerTurn = 2000
}

extension Turn {
  /// Forgets lines of a batch, but not of one that is worked on: who asks may have seen it a moment ago.
  fileprivate func dropLines(of id: String, limit: Int) throws -> Int {
    guard let state = try store.batch(id)?.state, state.isFinal || state == .validating else { return 0 }
    return try store.dropLines(of: id, limit: limit)
  }

  /// Keeps a batch that is ending, and cancels its job with that, unless the job has ended already.
  fileprivate mutating func endJob(of batch: Batch) throws {
    if let job = batch.job, try !store.job(job).state.isFinal { try cancel(job) }
    try store.update(batch)
  }
}
