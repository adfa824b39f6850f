import Foundation
import Shared
import TestSupport

/// A peer that speaks ZeroMQ's protocol (ZMTP 3.0, RFC 23) without security, and sends frames as it likes.
final class RawZeroMQPeer: Sendable {
  private let client: RawClient

  /// Connects to a port of this machine as a worker's side does.
  convenience init(port: Int) throws { try self.init(RawClient(port: port), kind: "DEALER") }

  /// - Parameters:
  ///   - client: a new connection.
  ///   - kind: of socket.
  init(_ client: RawClient, kind: String) throws {
    self.client = client
    let mechanism = Array("NULL".utf8) + [UInt8](repeating: 0, count: 16)
    let greeting =
      [0xFF] + [UInt8](repeating: 0, count: 8) + [0x7F, 3, 0] + mechanism + [UInt8](repeating: 0, count: 32)
    let ready = [5] + Array("READY".utf8) + Self.property("Socket-Type", kind) + Self.property("Identity", "")
    guard client.send(greeting + [4, UInt8(ready.count)] + ready) else {
      throw AtelierError(.system, "The other side takes nothing.")
    }
  }

  private static func property(_ name: String, _ value: String) -> [UInt8] {
    [UInt8(name.utf8.count)] + name.utf8 + [0, 0, 0, UInt8(value.utf8.count)] + value.utf8
  }

  /// Sends a frame, behind which another follows or none.
  ///
  /// - Returns: false if the other side has cut the connection.
  func send(_ frame: [UInt8], more: Bool) -> Bool {
    let size = (0..<8).reversed().map { UInt8(truncatingIfNeeded: frame.count >> (8 * $0)) }
    return client.send([more ? 3 : 2] + size + frame)
  }
}
