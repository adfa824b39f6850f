import Coordinator
import Foundation
import Hummingbird
import NIOCore
import Shared

/// A file that arrives as a form, and goes to the disk as it arrives.
struct FileUpload {
  private let coordinator: Coordinator
  private let owner: String
  private var texts: [String: String] = [:]
  private var contents: IncomingFile?
  private var fileName: String?
  /// The part that has begun.
  private var part: MultipartPart?
  private var pending = Data()
  /// Why the form is refused; what follows is read and thrown away, so that the client hears of it.
  private var refusal: OpenAIError?

  private static let texts: Set<String> = ["purpose", "expires_after[anchor]", "expires_after[seconds]"]
  private static let longestText = 1000
  private static let bytesAtOnce = 1 << 18
  /// What is read of a form that is refused already.
  private static let mostThrownAway = 2 * APIFile.largest

  init(_ coordinator: Coordinator, of owner: String) { (self.coordinator, self.owner) = (coordinator, owner) }

  /// Receives a form, and keeps its file, durably.
  ///
  /// - Throws: ``OpenAIError`` (400, 413) for what cannot be kept; `denied` if the owner would have more than they may.
  mutating func receive(_ request: Request) async throws -> APIFile {
    var parser = MultipartParser(boundary: try MultipartForm.boundary(of: request.headers[.contentType]))
    var received = 0
    for try await chunk in request.body {
      received += chunk.readableBytes
      if let refusal {
        if received > Self.mostThrownAway { throw refusal }
        continue
      }
      for event in try parser.consume(chunk.readableBytesView) where refusal == nil {
        do {
          try await take(event)
        } catch let error as OpenAIError {
          refusal = error
          contents = nil
        }
      }
    }
    if let refusal { throw refusal }
    try parser.finish()
    return try await keep()
  }

  private mutating func take(_ event: MultipartParser.Event) async throws {
    switch event {
    case .begin(let part):
      self.part = part
      pending = Data()
      guard part.fileName != nil || !(part.name == "file") else {
        throw OpenAIError.invalid(
          "Invalid type for 'file': expected a file, but got a string instead.", param: "file", code: "invalid_type")
      }
      guard part.name == "file" ? contents == nil : Self.texts.contains(part.name) && texts[part.name] == nil else {
        throw OpenAIError.unknown(part.name)
      }
      if part.name == "file" {
        fileName = part.fileName
        contents = try await coordinator.beginFile()
      }
    case .bytes(let bytes):
      pending += bytes
      guard part?.name == "file" else {
        guard pending.count <= Self.longestText else {
          throw OpenAIError.invalid(
            "Invalid '\(part?.name ?? "")': string too long.", param: part?.name, code: "string_above_max_length")
        }
        return
      }
      guard (contents?.size ?? 0) + pending.count <= APIFile.largest else {
        throw OpenAIError(
          status: .contentTooLarge, message: "The file is larger than \(APIFile.largest >> 20) MB.", param: "file",
          code: "file_too_large")
      }
      if pending.count >= Self.bytesAtOnce { try await write() }
    case .end:
      if part?.name == "file" {
        try await write()
      } else if let part {
        texts[part.name] = String(decoding: pending, as: UTF8.self)
      }
      part = nil
    }
  }

  private mutating func write() async throws {
    let (contents, bytes) = (contents, pending)
    try await coordinator.blocking.run { try contents?.append(bytes) }
    pending = Data()
  }

  private func keep() async throws -> APIFile {
    let fields = CallFields(form: texts)
    guard let contents, let fileName else { throw OpenAIError.missing("file") }
    let words = APIFile.Purpose.brought.map(\.rawValue)
    guard let word = try fields.word("purpose", of: words), let purpose = APIFile.Purpose(rawValue: word) else {
      throw OpenAIError.missing("purpose")
    }
    let anchor = try fields.word("expires_after[anchor]", of: ["created_at"])
    let seconds = try fields.integer("expires_after[seconds]", in: APIFile.lifetimes)
    guard (anchor == nil) == (seconds == nil) else {
      throw OpenAIError.missing(anchor == nil ? "expires_after[anchor]" : "expires_after[seconds]")
    }
    let lifetime = seconds ?? (purpose == .batch ? APIFile.batchLifetime : nil)
    let now = Date().timeIntervalSince1970.rounded(.down)
    let file = APIFile(
      id: OpenAIID.make("file-"), owner: owner, name: String(fileName.prefix(255)), purpose: purpose,
      bytes: contents.size, createdAt: now, expiresAt: lifetime.map { now + Double($0) })
    try await coordinator.keep(contents, as: file)
    return file
  }
}
