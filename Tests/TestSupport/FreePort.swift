import Foundation
import Shared

/// A port that the system says is free. A program that is started on it twice must find the same one, so it cannot ask
/// for any by itself.
package enum FreePort {
  /// - Throws: `system` if there is none.
  package static func find() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw AtelierError(errno: errno, "Cannot open a socket") }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, size) == 0 ? getsockname(descriptor, address, &size) : -1
      }
    }
    guard result == 0 else { throw AtelierError(errno: errno, "Cannot bind a socket to 127.0.0.1") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
