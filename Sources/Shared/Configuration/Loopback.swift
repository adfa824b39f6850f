/// Addresses that only the machine itself can reach.
package enum Loopback {
  /// Whether a host is one: `localhost`, 127.0.0.0/8 or ::1, an IPv6 address with or without brackets.
  package static func contains(_ host: String) -> Bool {
    let host = host.lowercased()
    if ["localhost", "localhost.", "::1", "[::1]"].contains(host) { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
