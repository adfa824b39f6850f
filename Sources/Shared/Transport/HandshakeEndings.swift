/// How handshakes of a worker's socket ended, which ZeroMQ says nowhere else: after its key was refused a socket stays
/// silent for ever, and one whose other side has another key than the expected is cut off without a word.
struct HandshakeEndings: Equatable {
  /// The coordinator does not admit this worker's key.
  var refused = false
  /// Somebody has cut off a handshake, as who does not have the expected key does.
  var cut = false
}
