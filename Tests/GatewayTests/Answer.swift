import Foundation
import Hummingbird
import HummingbirdTesting
import NIOCore
import Shared

/// What came back for a request.
struct Answer: Sendable {
  let status: Int
  let type: String?
  let length: String?
  let headers: HTTPFields
  let bytes: [UInt8]

  init(_ response: TestResponse) {
    status = response.status.code
    type = response.headers[.contentType]
    length = response.headers[.contentLength]
    headers = response.headers
    bytes = Array(response.body.readableBytesView)
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The facts in a JSON body.
  func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
    try JSONCoding.decode(type, from: Data(bytes))
  }

  /// Why it was refused.
  var refusal: APIError.Body {
    get throws { try decoded(as: APIError.self).error }
  }
}
