import Dispatch
import Foundation
import Shared

/// Listens on a port of this machine that the system chooses, for tests that are the other side themselves.
package final class RawListener: Sendable {
  package let port: Int
  private let descriptor: Int32

  package init() throws {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw AtelierError(errno: errno, "Cannot open a socket") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(socket, address, size) == 0 && listen(socket, 8) == 0 && getsockname(socket, address, &size) == 0
      }
    }
    guard isListening else {
      let error = AtelierError(errno: errno, "Cannot listen on 127.0.0.1")
      close(socket)
      throw error
    }
    descriptor = socket
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }

  /// Waits for somebody to connect.
  package func accept() async throws -> RawClient {
    let accepted = await withCheckedContinuation { continuation in
      DispatchQueue.global().async { [descriptor] in continuation.resume(returning: Glibc.accept(descriptor, nil, nil))
      }
    }
    guard accepted >= 0 else { throw AtelierError(.system, "Cannot accept a connection.") }
    return RawClient(descriptor: accepted)
  }
}
