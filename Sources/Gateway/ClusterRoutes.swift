import Coordinator
import Foundation
import Hummingbird
import NIOCore
import Shared

/// How the cluster is, why something is as it is, and a copy of the database.
struct ClusterRoutes {
  let coordinator: Coordinator

  func addRoutes(to api: RouterGroup<BasicRequestContext>) {
    api.get("cluster") { _, _ in try JSONAnswer.response(coordinator.status()) }
    api.get("explain/:subject") { _, context in
      try await JSONAnswer.response(coordinator.explain(context.parameters.require("subject")))
    }
    api.get("backup") { _, _ in try backup() }
  }

  /// The copy is made before the answer begins, then sent piece by piece.
  private func backup() throws -> Response {
    let path = try coordinator.copyDatabase()
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw AtelierError(.system, "Cannot read the copy of the database '\(path)'.")
    }
    // It lives on as long as it is open.
    try FileManager.default.removeItem(atPath: path)
    let size = Int(try file.seekToEnd())
    try file.seek(toOffset: 0)
    return Response(
      status: .ok, headers: [.contentType: "application/vnd.sqlite3"],
      body: ResponseBody(contentLength: size) { writer in
        while let data = try file.read(upToCount: 1 << 20), !data.isEmpty {
          try await writer.write(ByteBuffer(bytes: data))
        }
        try await writer.finish(nil)
      })
  }
}
