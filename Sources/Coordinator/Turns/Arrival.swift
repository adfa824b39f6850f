import Shared
import Store

/// A worker's message as it goes into a turn: decoded, what it brings compared with its digests, and the picture among
/// that already durable, aside. All of it is done outside of turns, by other threads.
struct Arrival: Sendable {
  let message: WireMessage<Wire.FromWorker>
  /// The outputs of a success, or the latents of a checkpoint; or what is wrong with them.
  let artifacts: Result<[Artifact], AtelierError>
  /// Where the picture lies, if it brings one; or why it could not be written.
  var picture: Result<String, AtelierError>?

  /// - Throws: `malformed` if this is no message.
  init(_ frames: [[UInt8]]) throws(AtelierError) {
    let message = try WireMessage<Wire.FromWorker>(decoding: frames)
    self.message = message
    artifacts = Self.artifacts(of: message)
  }

  private static func artifacts(of message: WireMessage<Wire.FromWorker>) -> Result<[Artifact], AtelierError> {
    let payloads: [Wire.Payload]
    switch message.envelope.body {
    case .outcome(let outcome)?:
      guard case .success(let success)? = outcome.result else { return .success([]) }
      payloads = success.outputs
    case .checkpoint(let checkpoint)?: payloads = [checkpoint.latents]
    default: return .success([])
    }
    do throws(AtelierError) {
      var artifacts: [Artifact] = []
      for payload in payloads {
        let artifact = try payload.artifact(in: message.frames)
        guard artifact.isFinite else {
          throw AtelierError(.malformed, "The \(artifact.kind.rawValue) that came holds NaN or infinity.")
        }
        artifacts.append(artifact)
      }
      return .success(artifacts)
    } catch {
      return .failure(error)
    }
  }

  /// Whether it brings a picture that is to be put aside.
  var bringsPicture: Bool { pictureFrame != nil }

  /// Puts the pictures of several arrivals aside. Whether each is what its digest says, the turn looks at.
  ///
  /// - Parameter arrivals: each brings a picture. If one cannot be written, all get the error.
  static func stagePictures(of arrivals: inout [Arrival], in pictures: any PictureStore) {
    let bytes = arrivals.compactMap { arrival in arrival.pictureFrame.map { arrival.message.frames[$0] } }
    guard bytes.count == arrivals.count else { return }
    do throws(AtelierError) {
      for (index, staged) in try pictures.stage(bytes).enumerated() { arrivals[index].picture = .success(staged) }
    } catch {
      for index in arrivals.indices { arrivals[index].picture = .failure(error) }
    }
  }

  /// Which of the message's frames is the picture, from 0.
  private var pictureFrame: Int? {
    guard case .outcome(let outcome)? = message.envelope.body, case .success(let success)? = outcome.result,
      let payload = success.outputs.first(where: { $0.kind == .picture })
    else { return nil }
    return message.frames.indices.contains(Int(payload.frame)) ? Int(payload.frame) : nil
  }
}
