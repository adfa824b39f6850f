import Shared
import Store

/// A worker's message as it goes into a turn: decoded, what it brings compared with its digests, and the picture among
/// that already durable, aside. All of it is done outside of turns, by other threads, and only for an attempt that its
/// worker is known to hold: nobody else's bytes are worth the time.
struct Arrival: Sendable {
  let message: WireMessage<Wire.FromWorker>
  /// Of all frames.
  let bytes: Int
  /// What was compared; nil if it was not.
  private let compared: Result<[Artifact], AtelierError>?
  /// Where the picture lies, if it brings one; or why it could not be written.
  var picture: Result<String, AtelierError>?

  /// - Throws: `malformed` if this is no message, or if it has more than any message needs.
  init(_ frames: [[UInt8]], holds: (TaskAttempt) -> Bool = { _ in true }) throws(AtelierError) {
    self.init(try Self.message(frames), bytes: frames.reduce(0) { $0 + $1.count }, holds: holds)
  }

  /// The message of these frames, of whose payload nothing was looked at.
  ///
  /// - Throws: `malformed` if this is no message, or if it has more than any message needs.
  static func message(_ frames: [[UInt8]]) throws(AtelierError) -> WireMessage<Wire.FromWorker> {
    try check(frames, frames.reduce(0) { $0 + $1.count })
    return try WireMessage<Wire.FromWorker>(decoding: frames)
  }

  /// - Parameters:
  ///   - message: of the worker that it names.
  ///   - bytes: of all frames.
  ///   - holds: whether the worker holds an attempt, as far as is known.
  init(_ message: WireMessage<Wire.FromWorker>, bytes: Int, holds: (TaskAttempt) -> Bool) {
    self.message = message
    self.bytes = bytes
    compared = Self.attempt(of: message).map(holds) == true ? Self.artifacts(of: message) : nil
  }

  /// The outputs of a success, or the latents of a checkpoint; or what is wrong with them. To be asked for only once it
  /// is known that the attempt counts: what nobody was known to hold is compared now.
  var artifacts: Result<[Artifact], AtelierError> { compared ?? Self.artifacts(of: message) }

  private static func check(_ frames: [[UInt8]], _ bytes: Int) throws(AtelierError) {
    // The transport has counted what came through it, before it kept any.
    try MessageLimits.ofWorker.check(frames: frames.count, bytes: bytes)
    let envelope = frames.first?.count ?? 0
    let largest = WireMessage<Wire.FromWorker>.largestEnvelope
    guard envelope <= largest else {
      throw AtelierError(.malformed, "The message's envelope has \(envelope) bytes; at most \(largest) are taken.")
    }
  }

  /// What it brings something of; nil for what brings nothing.
  private static func attempt(of message: WireMessage<Wire.FromWorker>) -> TaskAttempt? {
    switch message.envelope.body {
    case .outcome(let outcome)?: TaskAttempt(outcome.task)
    case .checkpoint(let checkpoint)?: TaskAttempt(checkpoint.task)
    default: nil
    }
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
      // Each costs the time of its bytes.
      guard Set(payloads.map(\.frame)).count == payloads.count else {
        throw AtelierError(.malformed, "Several of \(payloads.count) payloads name the same frame.")
      }
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

  /// Whether it brings a picture that is to be put aside: one that is what its digest says, of a worker that holds the
  /// task.
  var bringsPicture: Bool {
    if case .success? = compared { pictureFrame != nil } else { false }
  }

  /// Puts the pictures of several arrivals aside.
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
