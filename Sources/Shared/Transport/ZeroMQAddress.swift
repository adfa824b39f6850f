import Foundation

/// An address of ZeroMQ's such as `tcp://HOST:PORT`. Those of other transports are left to ZeroMQ.
struct ZeroMQAddress {
  let text: String
  /// Of `tcp`; nil for other transports. An IPv6 address is without its brackets.
  private let host: String?

  /// - Throws: `configuration` if the port is none: ZeroMQ takes 99999 for 34463.
  init(_ text: String) throws(AtelierError) {
    self.text = text
    guard text.hasPrefix("tcp://") else {
      host = nil
      return
    }
    let place = text.dropFirst("tcp://".count)
    guard let colon = place.lastIndex(of: ":") else {
      throw AtelierError(
        .configuration, "'\(text)' is no address for workers: it has no port. Write one like tcp://127.0.0.1:5555.")
    }
    let port = place[place.index(after: colon)...]
    guard port == "*" || Int(port).map({ (0...65535).contains($0) }) ?? false else {
      throw AtelierError(
        .configuration,
        "'\(text)' is no address for workers: the port must be a number up to 65535, as in tcp://127.0.0.1:5555.")
    }
    host = String(place[..<colon]).trimmingCharacters(in: ["[", "]"])
  }

  /// Whether ZeroMQ is to look for IPv6 when it listens on the address, or connects to it. It then does so first; a name
  /// that has an IPv4 address is taken for that, because `localhost` has both and a coordinator listens on one.
  func usesIPv6(listening: Bool) -> Bool {
    guard let host else { return false }
    if host == "*" || host.contains(":") { return true }
    // Of a network interface the IPv4 address is meant.
    if listening { return false }
    var hints = addrinfo()
    hints.ai_family = AF_INET
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &found) == 0 else { return true }
    freeaddrinfo(found)
    return false
  }
}
