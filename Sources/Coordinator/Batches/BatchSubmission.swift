import Logging
package import Shared
import Store

/// The lines of a batch on their way into a job that nobody sees until ``finish()``; as with any submission, none of it
/// stands in memory.
///
/// It ends by ``finish()`` or ``abandon()``. If neither is called, because the coordinator died, what was stored is
/// deleted at the next start, and the batch is read again from the beginning.
package struct BatchSubmission {
  private let coordinator: Coordinator
  private let batch: Batch
  /// As the lines name it.
  private let model: String
  private let id: JobID
  private let number: JobNumber
  private var resolver: ItemResolver
  private var parts = SubmissionParts()
  /// Lines that are not on their way into the store yet.
  private var lines: [BatchLine] = []
  private var total = 0
  private var items = 0
  private var images = 0
  /// What was read before, on its way into the store.
  private var storing: Task<Void, any Error>?

  private static let linesPerTurn = 500

  /// Begins a job for a batch that is being read, after what is left of an earlier attempt has gone.
  ///
  /// - Parameters:
  ///   - model: as the lines name it.
  ///   - options: with the model's own name.
  /// - Throws: `notFound` for an unknown model.
  package init(to coordinator: Coordinator, for batch: Batch, model: String, options: SubmitOptions) async throws {
    try await coordinator.dropLines(of: batch.id)
    self.coordinator = coordinator
    self.batch = batch
    self.model = model
    let info = try await coordinator.model(named: options.model)
    resolver = ItemResolver(coordinator: coordinator, options: options, model: info)
    var generator = SystemRandomNumberGenerator()
    let id = JobID(using: &generator)
    self.id = id
    number = try await coordinator.perform {
      try $0.store.beginJob(id, options, model: info, owner: batch.owner, at: $0.now.time)
    }
  }

  /// Takes a line that asks for pictures.
  ///
  /// - Throws: `invalidInput` if the model cannot do it, upon which the line was not taken; `denied` if the owner would
  ///   have more than they may; `wrongState` if the batch is no longer to be read; `system`, `unavailable`.
  package mutating func add(
    _ request: ItemRequest, line: Int, customID: String, wantsBytes: Bool
  ) async throws {
    var request = request
    request.customID = customID
    try request.validate()
    try await resolver.check(request)
    let item = resolver.resolve(request, line: line)
    let limits = coordinator.limits
    images += item.n
    try Coordinator.check(images, limits.picturesInHand, "pictures in hand", "pictures_in_hand", batch.owner)
    try Coordinator.check(items + 1, limits.queuedItems, "queued items", "queued_items", batch.owner)
    parts.append(item)
    while let part = parts.takeFull() { try await store(part, []) }
    try await take(BatchLine(line: line, customID: customID, item: items, wantsBytes: wantsBytes))
    items += 1
  }

  /// Takes a line that asks for what there is not.
  ///
  /// - Parameter answer: to that line, as JSON: the whole `response`.
  package mutating func refuse(line: Int, customID: String, answer: String) async throws {
    try await take(BatchLine(line: line, customID: customID, item: nil, refusal: answer))
  }

  private mutating func take(_ line: BatchLine) async throws {
    total += 1
    lines.append(line)
    guard lines.count >= Self.linesPerTurn else { return }
    defer { lines = [] }
    try await store([], lines)
  }

  /// Makes the job visible and durable, in one transaction with the batch that is worked on from then on.
  ///
  /// - Returns: whether it is; not if somebody has cancelled the batch meanwhile. Nothing is left of the job then.
  /// - Throws: `denied` if the owner would have more than they may. The job has to be abandoned then.
  package mutating func finish() async throws -> Bool {
    while let part = parts.take() { try await store(part, []) }
    if !lines.isEmpty { try await store([], lines) }
    lines = []
    try await storing?.value
    let (batch, number, id, model, limits) = (batch, number, id, model, coordinator.limits)
    let (total, items) = (total, items)
    let hasBegun = try await coordinator.perform { turn in
      guard var current = try turn.store.batch(batch.id) else { return false }
      if items > 0 { try Coordinator.check(number, of: batch.owner, limits, in: turn.store) }
      guard
        current.begin(
          total: total, refused: total - items, model: model, job: items > 0 ? id : nil, at: turn.now.time)
      else { return false }
      if items > 0 { try turn.store.activateJob(number) }
      try turn.store.update(current)
      return true
    }
    if !hasBegun || items == 0 { await abandon() }
    return hasBegun
  }

  /// Forgets the job; its rows are deleted in the following turns. Does nothing to one that was finished.
  package func abandon() async {
    _ = try? await storing?.value
    let number = number
    do {
      try await coordinator.perform { $0.state.begin(.abandoned(job: number)) }
    } catch {
      // Whatever is left of it is invisible, and is deleted at the next start.
      coordinator.logger.warning(
        "cannot forget the job of a batch", metadata: ["batch": "\(batch.id)", "error": "\(error)"])
    }
  }

  /// Has items or lines stored, after those before them; while they are, the next are read.
  private mutating func store(_ items: [ResolvedItem], _ lines: [BatchLine]) async throws {
    let (number, coordinator, id) = (number, coordinator, batch.id)
    try await storing?.value
    storing = Task {
      if !items.isEmpty { try await coordinator.add(items, to: number) }
      if !lines.isEmpty {
        try await coordinator.perform { turn in
          guard try turn.store.batch(id)?.state == .validating else {
            throw AtelierError(.wrongState, "The batch '\(id)' is no longer to be read.")
          }
          try turn.store.addLines(lines, to: id)
        }
      }
    }
  }
}
