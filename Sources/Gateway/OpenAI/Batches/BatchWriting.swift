import Coordinator
import Foundation
import Shared

/// Writes the answers of a batch whose job has ended: each line's once, in its order, to one of two files.
struct BatchWriting {
  let coordinator: Coordinator
  let batch: Batch
  let urls: SignedPictureURLs

  private var counts = Batch.Counts()
  private var output = Answers()
  private var errors = Answers()

  /// A file that is begun with its first line.
  private struct Answers {
    var contents: IncomingFile?
    /// What is not written yet.
    var pending = Data()
  }

  private static let linesAtOnce = 200
  private static let bytesAtOnce = 1 << 20
  /// Until when URLs work in files that are kept for ever: the year 2100.
  private static let forEver = 4_102_444_800

  init(_ batch: Batch, _ coordinator: Coordinator, _ urls: SignedPictureURLs) {
    (self.batch, self.coordinator, self.urls) = (batch, coordinator, urls)
  }

  /// Writes all of it, and ends the batch with that.
  ///
  /// - Throws: `wrongState` if its job goes on after all; `system`, `unavailable`. It is to be written anew then.
  mutating func run() async throws {
    let now = Date().timeIntervalSince1970.rounded(.down)
    let expires = batch.outputLifetime.map { now + Double($0) }
    // One whose lines were not all read has none that count.
    if batch.inProgressAt != nil {
      var last = 0
      while true {
        let answers = try await coordinator.answers(of: batch, after: last, limit: Self.linesAtOnce)
        guard let end = answers.last?.line.line else { break }
        for answer in answers { try await write(answer, expires: expires.map { Int($0) } ?? Self.forEver) }
        last = end
      }
    }
    let files = [
      try await file(&output, "output", now, expires), try await file(&errors, "error", now, expires),
    ]
    try await coordinator.endBatch(
      batch.id, output: files[0], errors: files[1], counts: counts, event: OpenAIID.make("evt_"))
  }

  private func file(
    _ answers: inout Answers, _ kind: String, _ now: Double, _ expires: Double?
  ) async throws -> Coordinator.AnswerFile? {
    try await flush(&answers, ifAtLeast: 1)
    guard let contents = answers.contents else { return nil }
    return (
      contents,
      APIFile(
        id: OpenAIID.make("file-"), owner: batch.owner, name: "\(batch.id)_\(kind).jsonl", purpose: .batchOutput,
        bytes: contents.size, createdAt: now, expiresAt: expires)
    )
  }

  private func flush(_ answers: inout Answers, ifAtLeast bytes: Int) async throws {
    guard answers.pending.count >= bytes else { return }
    if answers.contents == nil { answers.contents = try await coordinator.beginFile() }
    let (contents, pending) = (answers.contents, answers.pending)
    try await coordinator.blocking.run { try contents?.append(pending) }
    answers.pending = Data()
  }

  private mutating func write(_ answer: BatchAnswer, expires: Int) async throws {
    counts.total += 1
    let (data, isMade) = try await line(of: answer, expires: expires)
    if isMade {
      counts.completed += 1
      output.pending += data
      try await flush(&output, ifAtLeast: Self.bytesAtOnce)
    } else {
      counts.failed += 1
      errors.pending += data
      try await flush(&errors, ifAtLeast: Self.bytesAtOnce)
    }
  }

  /// - Returns: the line, and whether it is for the file with what was made.
  private func line(of answer: BatchAnswer, expires: Int) async throws -> (Data, Bool) {
    let line = BatchAnswerLine(answer, of: batch)
    if let refusal = answer.line.refusal { return (try line.refused(refusal), false) }
    if let failed = answer.pictures.first(where: { $0.state == .failed }) {
      return (try line.failed(Self.failure(failed.error ?? "The picture could not be made.")), false)
    }
    guard answer.pictures.allSatisfy({ $0.state == .completed }), let job = batch.job, let item = answer.line.item
    else {
      if batch.state == .cancelling {
        return (
          try line.unfinished("batch_cancelled", "This request was not executed before the batch was cancelled."), false
        )
      }
      guard batch.isExpiring else {
        throw AtelierError(.wrongState, "The job of the batch '\(batch.id)' goes on: somebody has it tried again.")
      }
      return (
        try line.unfinished(
          "batch_expired", "This request could not be executed before the completion window expired."), false
      )
    }
    let created = Int(answer.pictures.compactMap(\.finishedAt).max() ?? 0)
    var data: [ImageAnswer.Picture] = []
    do {
      for picture in answer.pictures {
        guard picture.file != nil else { throw AtelierError(.notFound, "The picture is no longer kept.") }
        data.append(
          answer.line.wantsBytes
            ? .png(try await coordinator.picture(job: job, item: item, index: picture.index))
            : .url(batch.server + urls.path(job: job, item: item, index: picture.index, expires: expires)))
      }
    } catch let error as AtelierError where error.code != .unavailable {
      return (try line.failed(Self.failure(error.message)), false)
    }
    return (try line.made(ImageAnswer(created: created, data: data)), true)
  }

  private static func failure(_ message: String) -> OpenAIError { .server(message, isWorthRetrying: false) }
}
