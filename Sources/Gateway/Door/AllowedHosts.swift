import Foundation
import Shared

/// The names by which the coordinator may be asked. A page that rebinds its own name to 127.0.0.1 (DNS rebinding) asks
/// under that name, which is none of them.
struct AllowedHosts: Sendable, Equatable {
  /// A host and a port as they stand in `Host` and `Origin`.
  struct Authority: Equatable {
    var host: String
    /// Nil for the scheme's own.
    var port: Int?

    /// - Returns: nil for what is none.
    init?(_ text: String) {
      var host = Substring(text.lowercased())
      var port: Substring?
      if host.hasPrefix("[") {
        guard let end = host.firstIndex(of: "]") else { return nil }
        let rest = host[host.index(after: end)...]
        guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
        port = rest.isEmpty ? nil : rest.dropFirst()
        host = host[host.index(after: host.startIndex)..<end]
      } else if let colon = host.firstIndex(of: ":") {
        port = host[host.index(after: colon)...]
        host = host[..<colon]
      }
      if host.hasSuffix(".") { host = host.dropLast() }
      guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x40 }) else {
        return nil
      }
      if let port {
        guard let number = Int(port), (0...65535).contains(number) else { return nil }
        self.port = number
      }
      self.host = String(host)
    }

    /// Whether the host is an address: nobody can rebind that.
    var isAddress: Bool {
      var buffer = in6_addr()
      return inet_pton(AF_INET, host, &buffer) == 1 || inet_pton(AF_INET6, host, &buffer) == 1
    }
  }

  /// On which the coordinator listens.
  private let host: String
  private let listed: [Authority]
  /// Whether the coordinator listens on all addresses of its machine, so that it cannot list them.
  private let takesAddresses: Bool

  /// - Parameters:
  ///   - host: on which the coordinator listens.
  ///   - hosts: further names; a port is that of a proxy, under which browsers see them.
  init(listeningOn host: String, _ hosts: [String] = []) {
    self.host = host.lowercased()
    takesAddresses = ["0.0.0.0", "::", "*"].contains(host)
    // Who reaches all addresses of a machine may call it by its name, which no stranger gives.
    listed = (hosts + (takesAddresses ? [ProcessInfo.processInfo.hostName] : [])).compactMap { Authority($0) }
  }

  /// Whether a request may name this host.
  ///
  /// - Parameter text: as `Host` has it, with or without a port.
  func allows(_ text: String) -> Bool {
    guard let authority = Authority(text) else { return false }
    return Loopback.contains(authority.host) || authority.host == host
      || listed.contains { $0.host == authority.host } || (takesAddresses && authority.isAddress)
  }

  /// Whether an origin is the coordinator's own.
  ///
  /// - Parameters:
  ///   - origin: such as `https://atelier.example.org`.
  ///   - host: by which the same request asks.
  func isOwn(origin: String, host: String) -> Bool {
    guard let end = origin.firstRange(of: "://"), ["http", "https"].contains(origin[..<end.lowerBound].lowercased()),
      let page = Authority(String(origin[end.upperBound...])), let asked = Authority(host)
    else { return false }
    // Behind a proxy the request may name another host; a name that is listed is the coordinator's all the same.
    return page == asked || listed.contains(page)
  }
}
