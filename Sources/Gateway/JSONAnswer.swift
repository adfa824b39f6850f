import Hummingbird
import NIOCore
import NIOFoundationCompat
import Shared

/// Writes facts as JSON answers.
enum JSONAnswer {
  /// An answer of type `application/json`, as ``JSONCoding`` writes it.
  static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    let data = try JSONCoding.encode(value)
    return Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(data: data)))
  }
}
