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

  /// Whether only this machine reaches who listens on an address.
  static func isLocal(_ text: String) -> Bool {
    guard text.hasPrefix("tcp://") else { return text.hasPrefix("ipc://") || text.hasPrefix("inproc://") }
    guard let host = try? ZeroMQAddress(text).host else { return false }
    if host == "localhost" || host == "lo" { return true }
    var (four, six) = (in_addr(), in6_addr())
    // 127.0.0.0/8, RFC 5735.
    if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
    guard inet_pton(AF_INET6, host, &six) == 1 else { return false }
    return withUnsafeBytes(of: six) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
  }

  /// An address by which other machines may reach who listens on it: where it is any of this machine's, the first that
  /// is not its own loopback, by this function's guess.
  static func reachable(_ text: String) -> String {
    guard let host = try? ZeroMQAddress(text).host, ["*", "0.0.0.0", "::"].contains(host),
      let colon = text.lastIndex(of: ":")
    else { return text }
    return "tcp://\(firstAddress() ?? "127.0.0.1")\(text[colon...])"
  }

  /// The first IPv4 address of an interface that is up.
  private static func firstAddress() -> String? {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return nil }
    defer { freeifaddrs(list) }
    var next = list
    while let entry = next?.pointee {
      next = entry.ifa_next
      let flags = Int32(bitPattern: entry.ifa_flags)
      guard let address = entry.ifa_addr, Int32(address.pointee.sa_family) == AF_INET,
        flags & Int32(IFF_UP) != 0, flags & Int32(IFF_LOOPBACK) == 0
      else { continue }
      var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let size = socklen_t(MemoryLayout<sockaddr_in>.size)
      if getnameinfo(address, size, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 {
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
    return nil
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
