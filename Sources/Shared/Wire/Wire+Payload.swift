import Foundation

extension Wire.Payload {
  /// Describes an artifact whose bytes are appended to the frames.
  package init(_ artifact: Artifact, frames: inout [[UInt8]]) {
    self.init()
    kind = artifact.kind.wire
    type = artifact.type.wire
    shape = artifact.shape.map { UInt32(clamping: $0) }
    sha256 = Data(artifact.sha256)
    frame = UInt32(frames.count)
    frames.append(artifact.bytes)
  }

  /// The artifact that this describes, from the frames that came with it.
  ///
  /// - Throws: `malformed` if the frame is missing, has another size than the shape says, or another digest.
  package func artifact(in frames: [[UInt8]]) throws(AtelierError) -> Artifact {
    guard let kind = Artifact.Kind(wire: kind), let type = Artifact.ElementType(wire: type) else {
      throw AtelierError(.malformed, "A payload is of an unknown kind or type (\(kind), \(type)).")
    }
    guard Int(frame) < frames.count else {
      throw AtelierError(.malformed, "The payload '\(kind.rawValue)' names frame \(frame), but \(frames.count) came.")
    }
    let artifact = Artifact(kind: kind, type: type, shape: shape.map(Int.init), bytes: frames[Int(frame)])
    guard artifact.hasConsistentSize else {
      throw AtelierError(
        .malformed,
        "The payload '\(kind.rawValue)' has \(artifact.bytes.count) bytes, which its shape \(artifact.shape) does not give."
      )
    }
    guard artifact.sha256.elementsEqual(sha256) else {
      throw AtelierError(
        .malformed, "The payload '\(kind.rawValue)' does not match its SHA-256; it was damaged on the way.")
    }
    return artifact
  }
}
