import Dispatch
import Foundation
import Shared

/// A client of TCP that sends bytes as they are, also such as no library would.
package final class RawClient: Sendable {
  private let descriptor: Int32

  /// Connects to a port of this machine.
  ///
  /// - Parameter address: from which it comes; all of 127.0.0.0/8 are this machine's.
  package init(port: Int, from address: String = "127.0.0.1") throws {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw AtelierError(errno: errno, "Cannot open a socket") }
    descriptor = socket
    // Longer than anybody takes, and not for ever.
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var (from, to) = (Self.address(address, 0), Self.address("127.0.0.1", port))
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafePointer(to: &from) { from in
      withUnsafePointer(to: &to) { to in
        from.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) }
          + to.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
      }
    }
    guard result == 0 else { throw AtelierError(errno: errno, "Cannot connect from \(address) to port \(port)") }
  }

  deinit { close(descriptor) }

  private static func address(_ text: String, _ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    inet_pton(AF_INET, text, &address.sin_addr)
    return address
  }

  /// Sends a text; what the other side no longer takes is lost.
  package func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// All that comes until the other side closes. No thread waits that tasks run on.
  package func readToEnd() async -> String {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { [self] in
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
          let count = recv(descriptor, &buffer, buffer.count, 0)
          guard count > 0 else { break }
          text += buffer[..<count]
        }
        continuation.resume(returning: String(decoding: text, as: UTF8.self))
      }
    }
  }

  /// What comes until it contains a text, or the other side closes. No thread waits that tasks run on.
  ///
  /// - Parameter earlier: what came before, which counts.
  package func read(until text: String, after earlier: String = "") async -> String {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { [self] in
        var read = Array(earlier.utf8)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !String(decoding: read, as: UTF8.self).contains(text) {
          let count = recv(descriptor, &buffer, buffer.count, 0)
          guard count > 0 else { break }
          read += buffer[..<count]
        }
        continuation.resume(returning: String(decoding: read, as: UTF8.self))
      }
    }
  }

  /// Sends a request by itself and gives what is answered.
  ///
  /// - Parameter headers: lines, `Host` among them.
  package static func ask(
    _ request: String, _ headers: [String], _ body: String = "", port: Int, from address: String = "127.0.0.1"
  ) async throws -> String {
    let client = try RawClient(port: port, from: address)
    let lines =
      [request + " HTTP/1.1"] + headers + ["Connection: close", "Content-Length: \(body.utf8.count)", "", body]
    client.send(lines.joined(separator: "\r\n"))
    return await client.readToEnd()
  }
}
