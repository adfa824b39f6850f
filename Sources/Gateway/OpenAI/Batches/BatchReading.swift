import Coordinator
import Foundation
import Logging
import Shared

/// Reads the file of a batch, line by line, and makes a job of it; or says why it cannot be used.
struct BatchReading {
  let coordinator: Coordinator
  let batch: Batch
  let endpoint: ImageCall.Endpoint

  private var faults: [BatchFault] = []
  private var customIDs = CustomIDs()
  private var submission: BatchSubmission?
  /// As the first line names it, or what is meant by who names none.
  private var model: String?
  private var lines = 0

  /// Faults that a batch tells of at most; of more lines nobody reads on.
  private static let mostFaults = 100

  init(_ batch: Batch, _ coordinator: Coordinator) throws(AtelierError) {
    guard let endpoint = ImageCall.Endpoint.allCases.first(where: { $0.path == batch.endpoint }) else {
      throw AtelierError(.internal, "The batch '\(batch.id)' is for '\(batch.endpoint)', which there is not.")
    }
    (self.batch, self.coordinator, self.endpoint) = (batch, coordinator, endpoint)
  }

  /// Reads all of it. When this returns, the batch is worked on or has failed, unless somebody has cancelled it.
  ///
  /// - Throws: what is no fault of the file: `system`, `unavailable`. It is to be read again then.
  mutating func run() async throws {
    do {
      let (_, handle) = try await coordinator.contents(ofFile: batch.inputFile, of: batch.owner)
      let reader = LineReader(handle, longest: BatchRequestLine.longest)
      reading: while let lines = try await coordinator.blocking.run({ try reader.next() }) {
        for line in lines {
          try Task.checkCancellation()
          try await take(line)
          if faults.count >= Self.mostFaults || self.lines > Batch.mostLines { break reading }
        }
      }
      if lines == 0 { faults.append(BatchFault("empty_file", "The input file has no lines.")) }
      if faults.isEmpty, var submission {
        _ = try await submission.finish()
        return
      }
    } catch let error as AtelierError where Self.isFault(error) {
      faults = [BatchFault(error.code == .denied ? "quota_exceeded" : "input_file_not_found", error.message)]
    } catch {
      await submission?.abandon()
      // Somebody has cancelled it.
      if (error as? AtelierError)?.code == .wrongState { return }
      throw error
    }
    await submission?.abandon()
    try await coordinator.failBatch(batch.id, faults, event: OpenAIID.make("evt_"))
  }

  private static func isFault(_ error: AtelierError) -> Bool { error.code == .denied || error.code == .notFound }

  private mutating func take(_ line: LineReader.Line) async throws {
    lines += 1
    guard lines <= Batch.mostLines else {
      faults.append(
        BatchFault("too_many_tasks", line: line.number, "A batch has at most \(Batch.mostLines) requests."))
      return
    }
    let request: BatchRequestLine
    do throws(BatchRequestLine.Fault) {
      request = try BatchRequestLine(line.bytes, line: line.number, endpoint: batch.endpoint)
    } catch {
      faults.append(error.fault)
      return
    }
    do {
      try customIDs.insert(request.customID, line: line.number)
    } catch {
      faults.append(BatchFault("duplicate_custom_id", line: line.number, error.message, param: "custom_id"))
    }
    let named = request.model ?? OpenAIModels.standard
    if let model, model != named {
      faults.append(
        BatchFault(
          "model_mismatch", line: line.number,
          "The model '\(named.prefix(100))' is not '\(model.prefix(100))' of the lines before; a batch is for one.",
          param: "body.model"))
    }
    guard faults.isEmpty else { return }
    if submission == nil, try await !begin(request.model, line: line.number) { return }
    try await take(request, line: line.number)
  }

  /// Begins the job with the first line.
  ///
  /// - Returns: whether there is such a model.
  private mutating func begin(_ name: String?, line: Int) async throws -> Bool {
    let named = name ?? OpenAIModels.standard
    model = named
    do {
      let info = try await OpenAIModels(coordinator: coordinator).model(named: name)
      let options = SubmitOptions(model: info.name, name: batch.id)
      submission = try await BatchSubmission(to: coordinator, for: batch, model: named, options: options)
      return true
    } catch let error as OpenAIError {
      faults.append(BatchFault("model_not_found", line: line, error.message, param: "body.model"))
      return false
    }
  }

  /// Takes a request, or answers it at once if it asks for what there is not.
  private mutating func take(_ request: BatchRequestLine, line: Int) async throws {
    do {
      var body = request.body
      let pictures = BatchPictures(coordinator: coordinator, owner: batch.owner)
      var (image, mask): ([UInt8]?, [UInt8]?)
      if endpoint != .generations { image = try await pictures.take(["image", "images"], from: &body) }
      if endpoint == .edits { mask = try await pictures.take(["mask"], from: &body) }
      // What is wrong in words is told before pictures are looked at.
      var call = try ImageCall(endpoint, CallFields(json: body))
      guard !call.isStreamed else { throw OpenAIError.unsupported("stream") }
      if endpoint != .generations {
        guard let image else { throw OpenAIError.missing("image") }
        try await CallPictures(coordinator: coordinator, owner: batch.owner).add(image: image, mask: mask, to: &call)
      }
      try await submission?.add(
        call.item, line: line, customID: request.customID, wantsBytes: call.format == .base64)
    } catch let error as OpenAIError {
      try await refuse(request, line, error)
    } catch let error as AtelierError where error.code == .invalidInput {
      try await refuse(request, line, OpenAIError(error))
    }
  }

  private mutating func refuse(_ request: BatchRequestLine, _ line: Int, _ error: OpenAIError) async throws {
    try await submission?.refuse(
      line: line, customID: request.customID,
      answer: try BatchAnswerLine.response(error, request: OpenAIID.make("req_")))
  }
}
