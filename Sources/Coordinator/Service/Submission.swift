import Foundation
import Logging
package import Shared
import Store

/// A prompt file on its way in. Lines are checked and stored as they arrive, in a job that nobody sees
/// until ``finish()``; a job of a million prompts never stands in memory.
///
/// It ends by ``finish()`` or ``abandon()``. If neither is called, because the coordinator died, what was stored is
/// deleted at the next start.
package struct Submission {
  let coordinator: Coordinator
  private let options: SubmitOptions
  private let model: ModelInfo
  private let id: JobID
  private let number: JobNumber
  private var parser: PromptFileParser
  /// Items that are not on their way into the store yet, in parts that are stored a turn each.
  private var parts = SubmissionParts()
  private var items = 0
  private var images = 0
  private var skipped: [SkippedLine] = []
  private var cut: [CutLine] = []
  private var bad: [SkippedLine] = []
  private var badCount = 0
  /// Why no line of the file can be read, if that is so; then there are none to leave out.
  private var fileFault: SkippedLine?
  /// The lines before these, on their way into the store.
  private var storing: Task<Void, any Error>?
  private var generator = SystemRandomNumberGenerator()
  /// Under which the job is kept, and what it is of; nil where it may be submitted again.
  private let key: IdempotencyKey?
  private let owner: String
  private var fingerprint: SubmissionFingerprint

  /// Bad lines that a refusal names; more are counted.
  private static let badLinesNamed = 10
  /// Lines left out that an answer names, and lines with texts that are cut.
  private static let linesNamed = 1000

  /// Begins a job, whose name is the job's id if the options have none.
  ///
  /// - Parameters:
  ///   - key: what the client calls it, so that it makes no second job.
  ///   - owner: whose job it is.
  /// - Throws: `invalidInput` for options that make no sense, `notFound` for an unknown model.
  package init(
    to coordinator: Coordinator, options: SubmitOptions, format: PromptFileFormat, key: IdempotencyKey? = nil,
    owner: String = JobOwner.local
  ) async throws {
    try options.validate()
    self.key = key
    self.owner = owner
    fingerprint = try SubmissionFingerprint(options, format)
    self.coordinator = coordinator
    self.options = options
    model = try await coordinator.model(named: options.model)
    parser = PromptFileParser(format: format)
    let id = JobID(using: &generator)
    self.id = id
    let model = model
    number = try await coordinator.perform {
      try $0.store.beginJob(id, options, model: model, owner: owner, at: $0.now.time)
    }
  }

  /// Takes the next bytes of the file; they may end anywhere. While one part is stored the next is read, and no more.
  ///
  /// - Throws: `system` if the store refuses or an uploaded file cannot be looked at, `unavailable` while the coordinator
  ///   shuts down. A bad line throws nothing yet: ``finish()`` names them.
  package mutating func consume(_ bytes: some Sequence<UInt8>) async throws {
    if key != nil { fingerprint.consume(bytes) }
    for line in parser.consume(bytes) {
      try await add(line)
      // What cannot be accepted in the end is not stored either.
      try checkPatience()
      try Coordinator.check(images, coordinator.limits.picturesInHand, "pictures in hand", "pictures_in_hand", owner)
      try Coordinator.check(items, coordinator.limits.queuedItems, "queued items", "queued_items", owner)
      while let part = parts.takeFull() { try await store(part) }
    }
  }

  /// Makes the job visible and durable; unless another with its key was faster, which is the job then.
  ///
  /// - Returns: what was accepted, with the lines that were left out, a thousand at most.
  /// - Throws: `invalidInput` that names the bad lines, or if there is no prompt; `wrongState` if the key is another
  ///   submission's; `denied` if the owner would have more than they may. The job has to be abandoned then.
  package mutating func finish() async throws -> Submitted {
    for line in parser.finish() { try await add(line) }
    try checkPatience()
    if let fault = fileFault {
      throw AtelierError(
        .invalidInput,
        "The file cannot be read, so nothing was accepted: line \(fault.line): \(fault.reason) Mend the file.")
    }
    guard bad.isEmpty else { throw refusal() }
    guard items > 0 else {
      let left =
        badCount == 0
        ? "it is empty or has only comments." : "all of its \(badCount) lines were left out: \(named(skipped))"
      throw AtelierError(.invalidInput, "There is no prompt in the file: \(left)")
    }
    while let part = parts.take() { try await store(part) }
    try await storing?.value
    let (number, key, owner, limits) = (number, key, owner, coordinator.limits)
    let submitted = Submitted(job: id, items: items, images: images, skipped: skipped, cut: cut)
    guard let key else {
      try await coordinator.perform { turn in
        try Coordinator.check(number, of: owner, limits, in: turn.store)
        try turn.store.activateJob(number)
      }
      return submitted
    }
    let accepted = AcceptedSubmission(fingerprint: fingerprint.digest, answer: submitted)
    let first = try await coordinator.perform { turn in
      if let first = try turn.store.acceptedSubmission(key, owner: owner) { return first }
      try Coordinator.check(number, of: owner, limits, in: turn.store)
      try turn.store.accept(accepted, key, owner: owner, job: number)
      try turn.store.activateJob(number)
      return accepted
    }
    let answer = try first.answer(to: fingerprint, key)
    if answer.job != id { await abandon() }
    return answer
  }

  /// Forgets the job; its rows are deleted in the following turns. Does nothing to one that was finished.
  package func abandon() async {
    // What is being stored would come after.
    _ = try? await storing?.value
    let number = number
    do {
      try await coordinator.perform { $0.state.begin(.abandoned(job: number)) }
    } catch {
      // Whatever is left of it is invisible, and is deleted at the next start.
      coordinator.logger.warning("cannot forget a refused submission", metadata: ["job": "\(id)", "error": "\(error)"])
    }
  }

  /// Checks a line and gathers its item, or notes what is wrong with it.
  ///
  /// - Throws: `system` if that cannot be told at the moment.
  private mutating func add(_ line: PromptFileParser.Line) async throws(AtelierError) {
    switch line.result {
    case .failure(let error) where line.refusesFile:
      fileFault = SkippedLine(line: line.number, reason: error.message)
    case .failure(let error): addBad(line.number, error)
    case .success(let request):
      do throws(AtelierError) {
        try check(request)
        if !request.operation.sources.isEmpty { try await checkSources(of: request.operation) }
      } catch  where error.code == .system {
        throw error
      } catch {
        addBad(line.number, error)
        return
      }
      let item = resolve(request, line: line.number)
      if let texts = item.cut, cut.count < Self.linesNamed { cut.append(CutLine(line: line.number, texts: texts)) }
      items += 1
      images += item.n
      // Once a line was bad, the rest is read only to name further bad ones.
      if bad.isEmpty { parts.append(item) }
    }
  }

  /// Notes a bad line: as one that is left out, if that was asked for, else as a reason to refuse the file.
  private mutating func addBad(_ line: Int, _ error: AtelierError) {
    badCount += 1
    let entry = SkippedLine(line: line, reason: error.message)
    if options.skipBad {
      if skipped.count < Self.linesNamed { skipped.append(entry) }
    } else if bad.count < Self.badLinesNamed {
      bad.append(entry)
    }
  }

  /// - Throws: `invalidInput` for an interactive job that is too large to be one.
  private func checkPatience() throws(AtelierError) {
    guard options.interactive, images > SubmitOptions.mostInteractive else { return }
    throw AtelierError(
      .invalidInput,
      "An interactive job may have \(SubmitOptions.mostInteractive) pictures, and this one has more. Submit fewer, or "
        + "leave 'interactive' out; 'priority' is for what is urgent.")
  }

  /// Refuses what this cluster cannot do, while somebody is there to be told.
  private func check(_ request: ItemRequest) throws(AtelierError) {
    if request.operation.readsPictures, !model.readsPictures {
      throw AtelierError(
        .invalidInput,
        "The model '\(model.name)' has no image encoder, which kind \(request.operation.kind.rawValue) needs.")
    }
    if request.operation.needsPrior, !model.hasPrior {
      throw AtelierError(.invalidInput, "\(model.lackOfPrior) Kind \(request.operation.kind.rawValue) needs one here.")
    }
    try model.check(parameters(of: request), of: request.operation)
    if request.operation.inverts, let sampler = parameters(of: request).sampler, sampler != .ddim {
      throw AtelierError(
        .invalidInput, "To begin with a picture's own noise needs the sampler ddim; the sampler is \(sampler.rawValue)."
      )
    }
  }

  /// The item with a value in every field: the line's own, else the submission's, else the kind's, else the model's. A
  /// seed that nobody says is random.
  private mutating func resolve(_ request: ItemRequest, line: Int) -> ResolvedItem {
    ResolvedItem(
      line: line, customID: request.customID, prompt: request.prompt, operation: request.operation,
      negativePrompt: request.negativePrompt, cut: coordinator.measures[model.digest].flatMap(request.cutTexts),
      n: request.operation.count(requested: request.n, standard: options.n),
      // 32 bits are enough to be distinct and short enough to be typed.
      seed: request.seed ?? options.seed ?? UInt64(UInt32.random(in: 0...UInt32.max, using: &generator)),
      size: request.operation.kind == .edit ? nil : request.size ?? options.size ?? model.size,
      parameters: parameters(of: request))
  }

  private func parameters(of request: ItemRequest) -> RenderParameters {
    request.parameters.filled(from: options.parameters).filled(from: request.operation.defaults)
      .filled(from: model.defaults).filled(from: .karlo)
  }

  /// Has items stored, after those before them.
  private mutating func store(_ items: [ResolvedItem]) async throws {
    let (number, coordinator) = (number, coordinator)
    try await storing?.value
    // While these are stored, the next are read.
    storing = Task { try await coordinator.add(items, to: number) }
  }

  /// The first bad lines with their reasons, and how many more there are.
  private func named(_ lines: [SkippedLine]) -> String {
    let first = lines.prefix(Self.badLinesNamed)
    return first.map { "line \($0.line): \($0.reason)" }.joined(separator: " ")
      + (badCount > first.count ? " And \(badCount - first.count) more." : "")
  }

  private func refusal() -> AtelierError {
    AtelierError(
      .invalidInput,
      "\(badCount) \(badCount == 1 ? "line" : "lines") cannot be read, so nothing was accepted: \(named(bad)) "
        + "Mend the file, or leave such lines out with --skip-bad.")
  }
}

extension Coordinator {
  /// Adds items to a job that is being received, so many images a turn that nobody waits long for the end of one.
  fileprivate func add(_ items: [ResolvedItem], to job: JobNumber) async throws {
    let limit = SubmissionParts.mostImages
    try await perform { try $0.store.addItems(items, to: job, imagesOfEach: limit) }
    // Only an item by itself has more.
    guard items.contains(where: { $0.n > limit }) else { return }
    while try await perform({ try $0.store.addImages(to: job, limit: limit) }) > 0 {}
  }

  /// The model that a submission is for. Where it names none and there is no default, the only one known.
  ///
  /// - Throws: `notFound` with the names that are known.
  func model(named requested: String?) async throws -> ModelInfo {
    let known = try await models()
    guard let name = modelName(requested) else {
      if let only = known.first, known.count == 1 { return only }
      throw AtelierError(
        .notFound,
        "The submission names no model and the cluster has no default; name one with --model. \(Self.list(known))")
    }
    guard let model = known.first(where: { $0.name == name }) else {
      throw AtelierError(.notFound, "There is no model '\(name)'. \(Self.list(known))")
    }
    return model
  }

  /// The models that can be named, for who named none or another; what to do, if there is none.
  private static func list(_ models: [ModelInfo]) -> String {
    models.isEmpty
      ? "None is known yet: name its folder in cluster.yaml, or start a worker that holds it."
      : "Known are: \(models.map(\.name).joined(separator: ", "))."
  }
}
