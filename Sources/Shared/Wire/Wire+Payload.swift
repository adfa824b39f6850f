import Foundation

extension Artifact.Kind {
  init?(_ wire: Wire.Payload.Kind) {
    switch wire {
    case .textStates: self = .textStates
    case .textEmbedding: self = .textEmbedding
    case .textMask: self = .textMask
    case .imageEmbedding: self = .imageEmbedding
    case .baseImage: self = .baseImage
    case .picture: self = .picture
    case .latents: self = .latents
    case .scores: self = .scores
    case .source: self = .source
    case .unspecified, .UNRECOGNIZED: return nil
    }
  }

  var wire: Wire.Payload.Kind {
    switch self {
    case .textStates: .textStates
    case .textEmbedding: .textEmbedding
    case .textMask: .textMask
    case .imageEmbedding: .imageEmbedding
    case .baseImage: .baseImage
    case .picture: .picture
    case .latents: .latents
    case .scores: .scores
    case .source: .source
    }
  }
}

extension Artifact.ElementType {
  init?(_ wire: Wire.Payload.TypeEnum) {
    switch wire {
    case .float32: self = .float32
    case .uint8: self = .uint8
    case .png: self = .png
    case .unspecified, .UNRECOGNIZED: return nil
    }
  }

  var wire: Wire.Payload.TypeEnum {
    switch self {
    case .float32: .float32
    case .uint8: .uint8
    case .png: .png
    }
  }
}

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
  /// - Throws: `malformed` if the frame is missing, has another size than the shape says, or another digest.
  package func artifact(in frames: [[UInt8]]) throws(AtelierError) -> Artifact {
    guard let kind = Artifact.Kind(kind), let type = Artifact.ElementType(type) else {
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
