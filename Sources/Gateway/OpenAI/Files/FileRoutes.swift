import Coordinator
import Hummingbird
import Shared

/// Files of OpenAI's API (docs/openai-batches.md); everybody sees their own alone.
///
/// - `POST /v1/files`: a form with `file`, `purpose` and perhaps `expires_after`; a file, once it is durable.
/// - `GET /v1/files?after=&limit=&order=&purpose=`: a list, the newest first unless `order` is `asc`.
/// - `GET /v1/files/FILE`, `DELETE`, `GET /v1/files/FILE/content`: 404 if there is none.
struct FileRoutes {
  let coordinator: Coordinator

  private static let mostListed = 10_000

  func addRoutes(to v1: RouterGroup<GatewayContext>) {
    v1.post("files") { request, context in
      var upload = FileUpload(coordinator, of: context.requester.owner)
      do {
        return try JSONAnswer.response(FileObject(file: try await upload.receive(request)))
      } catch let error as AtelierError where error.code == .denied {
        throw OpenAIError.quota(error.message)
      }
    }
    v1.get("files") { request, context in try await list(request, of: context.requester.owner) }
    v1.get("files/:file") { _, context in
      let id = try context.parameters.require("file")
      guard let file = try await coordinator.file(id, of: context.requester.owner) else { throw Self.none(id) }
      return try JSONAnswer.response(FileObject(file: file))
    }
    v1.delete("files/:file") { _, context in
      let id = try context.parameters.require("file")
      try await Self.found(id) { try await coordinator.deleteFile(id, of: context.requester.owner) }
      return try JSONAnswer.response(DeletedObject(id: id, object: "file"))
    }
    v1.get("files/:file/content") { _, context in
      let id = try context.parameters.require("file")
      let (_, handle) = try await Self.found(id) {
        try await coordinator.contents(ofFile: id, of: context.requester.owner)
      }
      let file = try await coordinator.blocking.run { try StreamedFile(handle) }
      return Response(
        status: .ok, headers: [.contentType: "application/octet-stream"], body: file.body(coordinator.blocking))
    }
  }

  private func list(_ request: Request, of owner: String) async throws -> Response {
    let fields = CallFields(query: request)
    let order = try fields.word("order", of: ["asc", "desc"])
    let after = try fields.text("after")
    let limit = try fields.integer("limit", in: 1...Self.mostListed) ?? Self.mostListed
    let name = try fields.text("purpose")
    let purpose = name.flatMap { APIFile.Purpose(rawValue: $0) }
    // Of another purpose there is none.
    if name != nil, purpose == nil { return try Self.page([], hasMore: false) }
    let (files, hasMore) = try await Self.found(after ?? "", param: "after") {
      try await coordinator.files(
        of: owner, after: after, newestFirst: order != "asc", purpose: purpose, limit: limit)
    }
    return try Self.page(files, hasMore: hasMore)
  }

  private static func page(_ files: [APIFile], hasMore: Bool) throws -> Response {
    try JSONAnswer.response(
      ObjectList(data: files.map(FileObject.init), ids: files.map(\.id), hasMore: hasMore))
  }

  private static func found<Value>(
    _ id: String, param: String = "id", _ body: () async throws -> Value
  ) async throws -> Value {
    do {
      return try await body()
    } catch let error as AtelierError where error.code == .notFound {
      throw none(id, param: param)
    }
  }

  private static func none(_ id: String, param: String = "id") -> OpenAIError {
    OpenAIError(status: .notFound, message: "No such File object: \(id.prefix(200))", param: param)
  }
}

extension CallFields {
  /// The fields of a query, in which an empty one is null.
  init(query request: Request) {
    self.init(
      form: Dictionary(request.uri.queryParameters.map { (String($0.key), String($0.value)) }) { first, _ in first })
  }
}
