import Coordinator
import Hummingbird
import NIOCore
import Shared

/// Files that requests name: `HEAD` asks whether one is here, `PUT` brings it.
struct SourceRoutes {
  let coordinator: Coordinator

  func addRoutes(to api: RouterGroup<BasicRequestContext>) {
    api.head("sources/:digest") { _, context in
      try coordinator.hasSource(context.parameters.require("digest"))
        ? HTTPResponse.Status.noContent : HTTPResponse.Status.notFound
    }
    api.put("sources/:digest") { request, context in
      let digest = try context.parameters.require("digest")
      let body = try await request.body.collect(upTo: SourceFile.largest)
      try coordinator.keepSource(Array(body.readableBytesView), digest: digest)
      return HTTPResponse.Status.created
    }
  }
}
