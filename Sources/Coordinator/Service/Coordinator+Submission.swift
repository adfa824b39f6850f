package import Shared
import Store

extension Coordinator {
  /// Receives a prompt file, piece by piece, and makes a job of it, which is durable when this returns.
  ///
  /// With a key, the same submission once more gives the first one's answer, also after a restart. Nobody waits for one
  /// that is still being received, which may be on a connection that broke: of several at once, all are received, the
  /// first that is whole is the job, and the others are forgotten.
  ///
  /// - Parameter owner: whose job it is.
  /// - Throws: `invalidInput`, upon which nothing is left of the job; `notFound` for an unknown model; `wrongState` if
  ///   the key came with another submission; `denied` if the owner would have more than they may; what the body throws.
  package func submit<Body: AsyncSequence>(
    _ body: Body, options: SubmitOptions, format: PromptFileFormat, key: IdempotencyKey? = nil,
    owner: String = JobOwner.local
  ) async throws -> Submitted where Body.Element: Sequence<UInt8> {
    if let key, let first = try await store.read({ try $0.acceptedSubmission(key, owner: owner) }) {
      var fingerprint = try SubmissionFingerprint(options, format)
      for try await bytes in body { fingerprint.consume(bytes) }
      return try first.answer(to: fingerprint, key)
    }
    var submission = try await Submission(to: self, options: options, format: format, key: key, owner: owner)
    do {
      for try await bytes in body { try await submission.consume(bytes) }
      return try await submission.finish()
    } catch {
      // A connection that broke in the middle leaves nothing behind either.
      await submission.abandon()
      throw error
    }
  }
}

extension AcceptedSubmission {
  /// The answer to the same submission once more.
  ///
  /// - Throws: `wrongState` if it is another one.
  func answer(to fingerprint: SubmissionFingerprint, _ key: IdempotencyKey) throws(AtelierError) -> Submitted {
    guard fingerprint.digest == self.fingerprint else {
      throw AtelierError(
        .wrongState,
        "The idempotency key '\(key)' came before, with another file or other options, and made \(answer.job); "
          + "use a new key for another submission.")
    }
    return answer
  }
}
