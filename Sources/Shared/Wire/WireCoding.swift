package import SwiftProtobuf

/// A message on its way: an envelope and the raw frames that follow it. Large arrays go in frames of their own, and
/// are not encoded with the rest.
package struct WireMessage<Envelope: SwiftProtobuf.Message & Sendable>: Sendable {
  package var envelope: Envelope
  package var frames: [[UInt8]]

  /// Of an envelope that is taken, in bytes: a hundred models with all they have, or a thousand tasks by number, are
  /// less.
  package static var largestEnvelope: Int { 1 << 20 }

  package init(_ envelope: Envelope, frames: [[UInt8]] = []) {
    self.envelope = envelope
    self.frames = frames
  }

  /// - Throws: `malformed` if the first frame is not such an envelope.
  package init(decoding parts: [[UInt8]]) throws(AtelierError) {
    guard let first = parts.first else {
      throw AtelierError(.malformed, "A message without frames arrived.")
    }
    do {
      envelope = try Envelope(serializedBytes: first)
    } catch {
      throw AtelierError(.malformed, "A message of \(first.count) bytes is no \(Envelope.self).", cause: error)
    }
    frames = Array(parts.dropFirst())
  }

  /// All frames, the envelope first.
  package func encoded() throws(AtelierError) -> [[UInt8]] {
    do {
      return [try envelope.serializedBytes()] + frames
    } catch {
      throw AtelierError(.internal, "Cannot encode a \(Envelope.self).", cause: error)
    }
  }
}
