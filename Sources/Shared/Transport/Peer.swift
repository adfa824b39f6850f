/// Who is at the other end of a connection.
package struct Peer: Hashable, Sendable {
  /// Names the connection, for answers: another one of the same worker has another. A worker's side has one peer and
  /// leaves it empty.
  package var route: String
  /// The key that the peer has proved to have; nil where nobody is asked for one.
  package var key: CurveKey?

  package init(route: String, key: CurveKey? = nil) {
    self.route = route
    self.key = key
  }

  /// A routing id as text, a character a byte: it may be any bytes.
  static func route(_ bytes: [UInt8]) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }

  /// The bytes of such a text; nil for another.
  static func bytes(of route: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    for scalar in route.unicodeScalars {
      guard let byte = UInt8(exactly: scalar.value) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
