import Hummingbird
import NIOCore
import Shared

/// The dashboard. Its scripts ask the native API, as anybody can, and load nothing from elsewhere, so that it works
/// without the internet.
///
/// - `GET /`: the page, `text/html`; a browser asks each time whether it is still so.
/// - `GET /assets/VERSION/NAME`: a file that it names, which a browser keeps for ever; 404 for another version.
///
/// 304 for who has it already (`If-None-Match`).
struct PageRoutes {
  let files = DashboardFiles.embedded

  func addRoutes(to router: Router<GatewayContext>) {
    router.get("/") { request, _ in
      var answer = Self.answer(request, files.page, cacheControl: "no-cache")
      answer.headers[.contentSecurityPolicy] = Self.policy
      return answer
    }
    router.get("assets/:version/:file") { request, context in
      guard try context.parameters.require("version") == files.version,
        let file = try files.assets[context.parameters.require("file")]
      else {
        throw AtelierError(.notFound, "The dashboard has no such file; load the page again.")
      }
      return Self.answer(request, file, cacheControl: "public, max-age=31536000, immutable")
    }
  }

  /// What the page may do: run and look like its own files, ask the coordinator, and show chosen pictures.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  private static func answer(_ request: Request, _ file: DashboardFiles.File, cacheControl: String) -> Response {
    let headers: HTTPFields = [.contentType: file.type, .eTag: file.tag, .cacheControl: cacheControl]
    let known = request.headers[values: .ifNoneMatch].joined(separator: ",")
    let isKnown = known.split(separator: ",").contains { String($0).trimmingWhitespace().hasSuffix(file.tag) }
    if isKnown { return Response(status: .notModified, headers: headers) }
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.bytes))
  }
}
