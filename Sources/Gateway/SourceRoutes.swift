import Coordinator
import Hummingbird
import NIOCore
import Shared

/// Files that requests name by the SHA-256 of their bytes: 64 hexadecimal digits in lower case, or the answer is 400.
///
/// - `HEAD /api/v1/sources/SHA-256`: 204 if the file is here, 404 if it has to be sent.
/// - `PUT /api/v1/sources/SHA-256`, the body being the file: 201 once it is durable, also if it was here before; 400 if
///   the bytes have another digest, 413 if they are more than ``SourceFile/largest``.
struct SourceRoutes {
  let coordinator: Coordinator

  func addRoutes(to api: RouterGroup<GatewayContext>) {
    api.head("sources/:digest") { _, context in
      try await coordinator.hasSource(context.word("digest"))
        ? HTTPResponse.Status.noContent : HTTPResponse.Status.notFound
    }
    api.put("sources/:digest") { request, context in
      let digest = try context.word("digest")
      let body = try await request.body.collect(upTo: SourceFile.largest)
      try await coordinator.keepSource(
        Array(body.readableBytesView), digest: digest, owner: context.requester.owner)
      return HTTPResponse.Status.created
    }
  }
}
