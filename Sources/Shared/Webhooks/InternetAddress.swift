import Foundation

/// An address of IPv4 or IPv6, told apart by whether everybody may be asked there.
package struct InternetAddress: Sendable, Hashable, CustomStringConvertible {
  /// 4 or 16 bytes, the highest first.
  package let bytes: [UInt8]

  /// - Returns: nil for what is none.
  package init?(_ text: String) {
    var (four, six) = (in_addr(), in6_addr())
    if inet_pton(AF_INET, text, &four) == 1 {
      bytes = withUnsafeBytes(of: &four) { Array($0) }
    } else if inet_pton(AF_INET6, text, &six) == 1 {
      bytes = withUnsafeBytes(of: &six) { Array($0) }
    } else {
      return nil
    }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  package var description: String {
    if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
    return stride(from: 0, to: 16, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
      .joined(separator: ":")
  }

  /// Whether it is one of the public internet: neither of a machine itself, a private network, a link or a group, nor
  /// one that leads to such by way of another (IANA's registries of special addresses).
  package var isPublic: Bool {
    guard bytes.count == 16 else { return !Self.special.contains { isIn($0.network, $0.bits) } }
    // An address of IPv4 in one of IPv6.
    if isIn([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], 96) {
      return InternetAddress(bytes: Array(bytes[12...])).isPublic
    }
    // Only 2000::/3 is given out; of that, Teredo, documentation and 6to4 are not.
    return isIn([0x20], 3) && !isIn([0x20, 0x01, 0x00, 0x00], 23) && !isIn([0x20, 0x01, 0x0D, 0xB8], 32)
      && !isIn([0x20, 0x02], 16) && !isIn([0x3F, 0xFF], 20)
  }

  private static let special: [(network: [UInt8], bits: Int)] = [
    ([0], 8), ([10], 8), ([100, 64], 10), ([127], 8), ([169, 254], 16), ([172, 16], 12), ([192, 0, 0], 24),
    ([192, 0, 2], 24), ([192, 88, 99], 24), ([192, 168], 16), ([198, 18], 15), ([198, 51, 100], 24),
    ([203, 0, 113], 24), ([224], 4), ([240], 4),
  ]

  private func isIn(_ network: [UInt8], _ bits: Int) -> Bool {
    (0..<bits).allSatisfy { bit in
      let (byte, mask) = (bit / 8, UInt8(0x80) >> UInt8(bit % 8))
      let other = byte < network.count ? network[byte] : 0
      return bytes[byte] & mask == other & mask
    }
  }

  /// All addresses of a host, as the system's resolver gives them. Blocks.
  ///
  /// - Throws: `unavailable` if it has none.
  package static func resolve(_ host: String) throws(AtelierError) -> [InternetAddress] {
    if let address = InternetAddress(host) { return [address] }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    defer { if let list { freeaddrinfo(list) } }
    guard code == 0 else {
      throw AtelierError(.unavailable, "The host '\(host)' has no address: \(String(cString: gai_strerror(code))).")
    }
    var found: [InternetAddress] = []
    var next = list
    while let entry = next?.pointee {
      var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      if getnameinfo(
        entry.ai_addr, entry.ai_addrlen, &name, socklen_t(name.count), nil, 0, Int32(NI_NUMERICHOST)) == 0,
        let address = InternetAddress(
          String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)),
        !found.contains(address)
      {
        found.append(address)
      }
      next = entry.ai_next
    }
    return found
  }
}
