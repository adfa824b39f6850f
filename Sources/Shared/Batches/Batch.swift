/// Many requests in one file, which become one job, and the files with their answers: a batch of the OpenAI API.
///
/// What becomes of it is decided here, in values; who decides keeps them in the store, in one transaction with what
/// they tell of. All times are seconds since 1970.
package struct Batch: Sendable, Equatable {
  /// Of its lines.
  package struct Counts: Sendable, Codable, Equatable {
    package var total = 0
    package var completed = 0
    package var failed = 0

    package init(total: Int = 0, completed: Int = 0, failed: Int = 0) {
      self.total = total
      self.completed = completed
      self.failed = failed
    }
  }

  /// `batch_` and random characters.
  package var id: String
  package var owner: String
  package private(set) var state = BatchState.validating
  /// The path of the API that each line asks, such as `/v1/images/generations`.
  package var endpoint: String
  /// Under which URL its owner reaches the coordinator, such as `http://127.0.0.1:8080`: for those of its pictures.
  package var server: String
  /// As its lines name it; nil before they were read.
  package private(set) var model: String?
  /// The file with its lines.
  package var inputFile: String
  package var completionWindow: String
  package var metadata: [String: String]?
  /// For how long the files with its answers are kept, in seconds; nil for ever.
  package var outputLifetime: Int?
  package private(set) var outputFile: String?
  package private(set) var errorFile: String?
  /// Why its file was refused.
  package private(set) var faults: [BatchFault] = []
  /// Of a batch that is worked on, as they were when that began: what is done since then its job knows.
  package private(set) var counts = Counts()
  package var createdAt: Double
  /// Until when it is worked on.
  package var expiresAt: Double
  package private(set) var inProgressAt: Double?
  package private(set) var finalizingAt: Double?
  package private(set) var completedAt: Double?
  package private(set) var failedAt: Double?
  package private(set) var expiredAt: Double?
  package private(set) var cancellingAt: Double?
  package private(set) var cancelledAt: Double?
  /// What its lines have become; nil before they were read, or if none of them asks for a picture.
  package private(set) var job: JobID?

  package init(
    id: String, owner: String, endpoint: String, server: String, inputFile: String,
    completionWindow: String = Self.window,
    metadata: [String: String]? = nil, outputLifetime: Int? = nil, createdAt: Double
  ) {
    self.id = id
    self.owner = owner
    self.endpoint = endpoint
    self.server = server
    self.inputFile = inputFile
    self.completionWindow = completionWindow
    self.metadata = metadata
    self.outputLifetime = outputLifetime
    self.createdAt = createdAt
    expiresAt = createdAt + Self.windowSeconds
  }

  /// When it came from one state to another.
  package struct Times: Sendable {
    var expiresAt: Double
    var inProgressAt, finalizingAt, completedAt, failedAt, expiredAt, cancellingAt, cancelledAt: Double?

    package init(
      expiresAt: Double, inProgressAt: Double?, finalizingAt: Double?, completedAt: Double?, failedAt: Double?,
      expiredAt: Double?, cancellingAt: Double?, cancelledAt: Double?
    ) {
      self.expiresAt = expiresAt
      self.inProgressAt = inProgressAt
      self.finalizingAt = finalizingAt
      self.completedAt = completedAt
      self.failedAt = failedAt
      self.expiredAt = expiredAt
      self.cancellingAt = cancellingAt
      self.cancelledAt = cancelledAt
    }
  }

  /// The same batch as it was kept.
  package func restored(
    state: BatchState, model: String?, job: JobID?, files: (output: String?, error: String?), faults: [BatchFault],
    counts: Counts, times: Times
  ) -> Batch {
    var batch = self
    (batch.state, batch.model, batch.job, batch.faults, batch.counts) = (state, model, job, faults, counts)
    (batch.outputFile, batch.errorFile, batch.expiresAt) = (files.output, files.error, times.expiresAt)
    (batch.inProgressAt, batch.finalizingAt, batch.completedAt) =
      (times.inProgressAt, times.finalizingAt, times.completedAt)
    (batch.failedAt, batch.expiredAt, batch.cancellingAt, batch.cancelledAt) =
      (times.failedAt, times.expiredAt, times.cancellingAt, times.cancelledAt)
    return batch
  }

  /// The only window that there is.
  package static let window = "24h"
  package static let windowSeconds = 86_400.0
  /// The most lines of a batch.
  package static let mostLines = 50_000

  /// Its file was read, and what it asks for is a job.
  ///
  /// - Parameters:
  ///   - refused: how many lines ask for what there is not, and count as failed.
  ///   - job: nil if all lines were refused.
  /// - Returns: whether it did; not if somebody has cancelled it meanwhile.
  package mutating func begin(total: Int, refused: Int, model: String?, job: JobID?, at now: Double) -> Bool {
    guard state == .validating else { return false }
    (state, inProgressAt) = (.inProgress, now)
    counts = Counts(total: total, failed: refused)
    (self.model, self.job) = (model, job)
    return true
  }

  /// Its file cannot be used.
  ///
  /// - Returns: whether it has failed with that; not if somebody has cancelled it meanwhile.
  package mutating func fail(_ faults: [BatchFault], at now: Double) -> Bool {
    guard state == .validating else { return false }
    (state, failedAt, self.faults) = (.failed, now, faults)
    return true
  }

  /// Its job has ended.
  ///
  /// - Returns: whether that begins anything.
  package mutating func finalize(at now: Double) -> Bool {
    guard state == .inProgress else { return false }
    (state, finalizingAt) = (.finalizing, now)
    return true
  }

  /// Its time is over. One that is still being read ends with no answers.
  ///
  /// - Returns: whether that ends its job.
  package mutating func expire(at now: Double) -> Bool {
    guard state == .inProgress || state == .validating else { return false }
    (state, finalizingAt, expiredAt) = (.finalizing, now, now)
    return true
  }

  /// Whether it is ending because its time was over.
  package var isExpiring: Bool { state == .finalizing && expiredAt != nil }

  /// Somebody asks for no more of it. One that is ending already ends as it would.
  ///
  /// - Returns: whether that ends its job.
  package mutating func cancel(at now: Double) -> Bool {
    guard state == .inProgress || state == .validating else { return false }
    (state, cancellingAt) = (.cancelling, now)
    return true
  }

  /// Its answers are written.
  ///
  /// - Parameters:
  ///   - outputFile: with the answers of lines that were done; nil if there are none.
  ///   - errorFile: with those of all others; nil if there are none.
  ///   - counts: of the lines in either.
  /// - Returns: whether it has ended with that.
  package mutating func end(outputFile: String?, errorFile: String?, counts: Counts, at now: Double) -> Bool {
    switch state {
    case .finalizing where expiredAt != nil: (state, expiredAt) = (.expired, now)
    case .finalizing: (state, completedAt) = (.completed, now)
    case .cancelling: (state, cancelledAt) = (.cancelled, now)
    case .validating, .inProgress, .failed, .completed, .expired, .cancelled: return false
    }
    (self.outputFile, self.errorFile, self.counts) = (outputFile, errorFile, counts)
    return true
  }

  /// The same with the counts of a job that is being worked on. Of lines with several pictures each, a line counts as
  /// soon as there are as many pictures as lines have on average.
  package func counting(_ images: ImageCounts, items: Int) -> Batch {
    guard !state.isFinal, images.total > 0 else { return self }
    var batch = self
    batch.counts.completed = images.completed * items / images.total
    batch.counts.failed += images.failed * items / images.total
    return batch
  }

  /// The event that tells of its end, such as `batch.completed`; nil before.
  package var event: String? { state.isFinal ? "batch.\(state.rawValue)" : nil }
}
