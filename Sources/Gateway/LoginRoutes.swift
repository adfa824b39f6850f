import Foundation
import Hummingbird
import NIOCore
import Shared

/// How a browser comes to a session.
///
/// - `GET /login?code=CODE`: a page with a button; looking at it changes nothing, so that nothing which follows links
///   by itself uses up the code.
/// - `POST /login`, the body being `code=CODE`: 303 to the dashboard, with a cookie that no script and no other site
///   can use; 401 for a code that was used or is too old.
/// - `POST /logout`: ends the session.
struct LoginRoutes {
  let sessions: Sessions
  /// Whether browsers come over HTTPS, if only to a proxy.
  let isSecure: Bool

  func addRoutes(to router: Router<GatewayContext>) {
    router.get("/login") { request, _ in
      let code = request.uri.queryParameters.get("code") ?? ""
      return Response(
        status: .ok,
        headers: [
          .contentType: "text/html; charset=utf-8",
          .contentSecurityPolicy: "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ], body: ResponseBody(byteBuffer: ByteBuffer(string: Self.page(TokenSecret(code) == nil ? "" : code))))
    }
    router.post("/login") { request, _ in
      let body = String(buffer: try await request.body.collect(upTo: 1000))
      let code = body.split(separator: "&").first { $0.hasPrefix("code=") }?.dropFirst(5) ?? ""
      guard let session = sessions.logIn(with: String(code), at: .now) else {
        throw DoorRefusal.unauthorized(
          "This link was used, or is older than ten minutes; 'atelier token login' prints another.", isInvalid: true)
      }
      return redirect(setting: session, maxAge: Int(Sessions.lifetime / .seconds(1)))
    }
    router.post("/logout") { request, _ in
      if let cookie = request.cookies[Sessions.cookie] { sessions.logOut(cookie.value, at: .now) }
      return redirect(setting: "", maxAge: 0)
    }
  }

  private func redirect(setting value: String, maxAge: Int) -> Response {
    let cookie = "\(Sessions.cookie)=\(value); Path=/; Max-Age=\(maxAge); HttpOnly; SameSite=Strict"
    return Response(
      status: .seeOther, headers: [.location: "/", .setCookie: cookie + (isSecure ? "; Secure" : "")])
  }

  /// - Parameter code: a whole one, or nothing.
  private static func page(_ code: String) -> String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><title>Atelier: log in</title></head><body>
    <h1>Atelier</h1>
    <form method="post" action="/login"><input type="hidden" name="code" value="\(code)">
    <button>Log in</button></form>
    </body></html>
    """
  }
}
