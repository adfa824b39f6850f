import Shared

/// Where HTTP is served.
enum HTTPAddress {
  /// Splits at the last colon; an IPv6 address may stand in brackets. Whether the host is one of this machine's is found out when it listens.
  ///
  /// - Throws: `configuration` if the text is not `host:port`.
  static func parse(_ text: String) throws(AtelierError) -> (host: String, port: Int) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65535).contains(port), colon != text.startIndex
    else {
      throw AtelierError(
        .configuration, "'\(text)' is no HTTP address; 'coordinator.http' must be like 127.0.0.1:8080.")
    }
    let host = text[..<colon]
    return (String(host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host), port)
  }
}
