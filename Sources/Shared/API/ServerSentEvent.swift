/// A message of a stream of server-sent events (HTML, section 9.2), as the bytes that go over the wire.
package enum ServerSentEvent {
  /// An event with JSON, or another text, as its data.
  ///
  /// - Parameters:
  ///   - name: by which a listener knows what it is; nil for a `message`.
  ///   - id: what a client shows as `Last-Event-ID` when it comes again.
  ///   - data: each of its lines becomes a line of the event.
  package static func event(_ name: String?, id: String? = nil, data: some Sequence<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    if let id { bytes += "id: \(id)\n".utf8 }
    if let name { bytes += "event: \(name)\n".utf8 }
    bytes += "data: ".utf8
    for byte in data {
      if byte == UInt8(ascii: "\n") {
        bytes += "\ndata: ".utf8
      } else if byte != UInt8(ascii: "\r") {
        bytes.append(byte)
      }
    }
    bytes += "\n\n".utf8
    return bytes
  }

  /// A line that says nothing, so that what stands between does not take the connection for dead.
  package static let comment = Array(": \n\n".utf8)

  /// After how long a client comes again once the stream has ended.
  package static func retry(milliseconds: Int) -> [UInt8] { Array("retry: \(milliseconds)\n\n".utf8) }
}
