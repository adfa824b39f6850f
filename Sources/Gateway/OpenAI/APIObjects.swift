import Shared

/// A file as the API shows it. What is not there is null, not absent.
struct FileObject: Encodable {
  let file: APIFile

  private enum Key: String, CodingKey {
    case id, object, bytes, filename, purpose, status
    case createdAt = "created_at"
    case expiresAt = "expires_at"
    case statusDetails = "status_details"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(file.id, forKey: .id)
    try container.encode("file", forKey: .object)
    try container.encode(file.bytes, forKey: .bytes)
    try container.encode(Int(file.createdAt), forKey: .createdAt)
    try container.encode(file.expiresAt.map { Int($0) }, forKey: .expiresAt)
    try container.encode(file.name, forKey: .filename)
    try container.encode(file.purpose.rawValue, forKey: .purpose)
    try container.encode("processed", forKey: .status)
    try container.encodeNil(forKey: .statusDetails)
  }
}

/// That something was deleted.
struct DeletedObject: Encodable {
  let id: String
  let object: String
  var deleted = true
}

/// A page of a list.
struct ObjectList<Object: Encodable>: Encodable {
  let data: [Object]
  let ids: [String]
  let hasMore: Bool

  private enum Key: String, CodingKey {
    case object, data
    case firstID = "first_id"
    case lastID = "last_id"
    case hasMore = "has_more"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode("list", forKey: .object)
    try container.encode(data, forKey: .data)
    try container.encode(ids.first, forKey: .firstID)
    try container.encode(ids.last, forKey: .lastID)
    try container.encode(hasMore, forKey: .hasMore)
  }
}

/// A batch as the API shows it. What is not there is null, not absent.
struct BatchObject: Encodable {
  let batch: Batch

  private enum Key: String, CodingKey {
    case id, object, endpoint, model, errors, status, metadata
    case inputFile = "input_file_id"
    case completionWindow = "completion_window"
    case outputFile = "output_file_id"
    case errorFile = "error_file_id"
    case createdAt = "created_at"
    case inProgressAt = "in_progress_at"
    case expiresAt = "expires_at"
    case finalizingAt = "finalizing_at"
    case completedAt = "completed_at"
    case failedAt = "failed_at"
    case expiredAt = "expired_at"
    case cancellingAt = "cancelling_at"
    case cancelledAt = "cancelled_at"
    case counts = "request_counts"
  }

  private struct Faults: Encodable {
    let data: [Fault]
    var object = "list"
  }

  private struct Fault: Encodable {
    let fault: BatchFault

    private enum Key: String, CodingKey { case code, line, message, param }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(fault.code, forKey: .code)
      try container.encode(fault.line, forKey: .line)
      try container.encode(fault.message, forKey: .message)
      try container.encode(fault.param, forKey: .param)
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(batch.id, forKey: .id)
    try container.encode("batch", forKey: .object)
    try container.encode(batch.endpoint, forKey: .endpoint)
    try container.encode(batch.model, forKey: .model)
    try container.encode(batch.faults.isEmpty ? nil : Faults(data: batch.faults.map(Fault.init)), forKey: .errors)
    try container.encode(batch.inputFile, forKey: .inputFile)
    try container.encode(batch.completionWindow, forKey: .completionWindow)
    try container.encode(batch.state.rawValue, forKey: .status)
    try container.encode(batch.outputFile, forKey: .outputFile)
    try container.encode(batch.errorFile, forKey: .errorFile)
    try container.encode(Int(batch.createdAt), forKey: .createdAt)
    try container.encode(Int(batch.expiresAt), forKey: .expiresAt)
    let times: [(Key, Double?)] = [
      (.inProgressAt, batch.inProgressAt), (.finalizingAt, batch.finalizingAt), (.completedAt, batch.completedAt),
      (.failedAt, batch.failedAt), (.expiredAt, batch.state == .expired ? batch.expiredAt : nil),
      (.cancellingAt, batch.cancellingAt), (.cancelledAt, batch.cancelledAt),
    ]
    for (key, time) in times { try container.encode(time.map { Int($0) }, forKey: key) }
    try container.encode(batch.counts, forKey: .counts)
    try container.encode(batch.metadata, forKey: .metadata)
  }
}
