import Shared

/// A worker's message as it goes into a turn: decoded, and the picture that it brings already durable, aside. Both is
/// done outside of turns, by other threads.
struct Arrival: Sendable {
  let message: WireMessage<Wire.FromWorker>
  /// Where the picture lies, if it brings one; or why it could not be written.
  var picture: Result<String, AtelierError>?

  /// - Throws: `malformed` if this is no message.
  init(_ frames: [[UInt8]]) throws(AtelierError) {
    message = try WireMessage(decoding: frames)
  }

  /// Whether it brings a picture that is to be put aside.
  var bringsPicture: Bool { pictureFrame != nil }

  /// Puts the pictures of several arrivals aside. Whether each is what its digest says is found out in the turn.
  static func stagePictures(of arrivals: inout [Arrival], in pictures: any PictureStore) {
    let bytes = arrivals.compactMap { arrival in arrival.pictureFrame.map { arrival.message.frames[$0] } }
    guard bytes.count == arrivals.count else { return }
    do throws(AtelierError) {
      for (index, staged) in try pictures.stage(bytes).enumerated() { arrivals[index].picture = .success(staged) }
    } catch {
      for index in arrivals.indices { arrivals[index].picture = .failure(error) }
    }
  }

  private var pictureFrame: Int? {
    guard case .outcome(let outcome)? = message.envelope.body, case .success(let success)? = outcome.result,
      let payload = success.outputs.first(where: { $0.kind == .picture })
    else { return nil }
    return message.frames.indices.contains(Int(payload.frame)) ? Int(payload.frame) : nil
  }
}
