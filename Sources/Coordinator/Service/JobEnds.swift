package import Shared
import Store
import Synchronization

/// Tells who waits for a job that it has ended, so that nobody has to ask the store again and again.
final class JobEnds: Sendable {
  private struct State {
    var waiting: [JobID: [Int: AsyncStream<Void>.Continuation]] = [:]
    var next = 0
    /// Set once no job ends any more.
    var isClosed = false
  }

  private let state = Mutex(State())

  /// A stream that has nothing, and finishes when the job ends, or nobody can tell any more. Whoever has it looks then
  /// whether the job has ended, once before it waits and once after.
  func end(of job: JobID) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    let number = state.withLock { state -> Int? in
      if state.isClosed { return nil }
      state.next += 1
      state.waiting[job, default: [:]][state.next] = continuation
      return state.next
    }
    guard let number else {
      continuation.finish()
      return stream
    }
    // Whoever is cancelled is forgotten.
    continuation.onTermination = { [weak self] _ in self?.forget(job, number) }
    return stream
  }

  /// Jobs have ended, durably.
  func tell(of jobs: [JobID]) {
    guard !jobs.isEmpty else { return }
    let told = state.withLock { state in
      jobs.flatMap { state.waiting.removeValue(forKey: $0).map { Array($0.values) } ?? [] }
    }
    for continuation in told { continuation.finish() }
  }

  /// Nothing ends here any more.
  func close() {
    let told = state.withLock { state in
      state.isClosed = true
      defer { state.waiting = [:] }
      return state.waiting.values.flatMap(\.values)
    }
    for continuation in told { continuation.finish() }
  }

  /// How many wait: for tests.
  var count: Int { state.withLock { $0.waiting.values.reduce(0) { $0 + $1.count } } }

  private func forget(_ job: JobID, _ number: Int) {
    state.withLock { state in
      state.waiting[job]?[number] = nil
      if state.waiting[job]?.isEmpty == true { state.waiting[job] = nil }
    }
  }
}

extension Coordinator {
  /// Waits until a job has ended.
  ///
  /// - Returns: its status then.
  /// - Throws: `notFound`; `unavailable` if the coordinator shuts down; `CancellationError`.
  package func finished(_ id: JobID) async throws -> JobStatus {
    // Before the first look, or an end in between would be missed.
    let end = jobEnds.end(of: id)
    let before = try await stored(id)
    if before.state.isFinal { return before }
    for await _ in end {}
    try Task.checkCancellation()
    let after = try await stored(id)
    guard after.state.isFinal else { throw AtelierError(.unavailable, "The coordinator is shutting down.") }
    return after
  }

  /// What the store says of a job, which is not older than the question.
  private func stored(_ id: JobID) async throws -> JobStatus { try await store.read { try $0.job(id).status } }
}
