import Foundation

/// The three descriptors that every program takes for granted.
enum StandardStreams {
  /// Opens those that the process was started without, on nothing. Otherwise the next file or connection would get
  /// their number, and be written what is meant for people.
  static func open() {
    // The lowest free number is the one that is given.
    while case let descriptor = Glibc.open("/dev/null", O_RDWR), descriptor >= 0 {
      guard descriptor > STDERR_FILENO else { continue }
      close(descriptor)
      return
    }
  }
}
