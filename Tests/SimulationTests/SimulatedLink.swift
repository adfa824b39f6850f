/// A worker's connection. A slow one delivers everything, in its order: what is large holds up what comes behind it.
struct SimulatedLink {
  /// Each way, in seconds.
  private var latency = 0.0
  /// Each way.
  private var bytesPerSecond = 0.0
  private var slowUntil = 0.0
  /// Until when what was said before takes up the way.
  private var busyUntil: (up: Double, down: Double) = (0, 0)

  func isSlow(at time: Double) -> Bool { time < slowUntil }

  /// Makes it slow until a time.
  mutating func slowDown(until time: Double, latency: Double, bytesPerSecond: Double) {
    slowUntil = time
    self.latency = latency
    self.bytesPerSecond = bytesPerSecond
  }

  /// When a message arrives that is sent now over the slow link.
  mutating func arrival(of parts: [[UInt8]], up: Bool, at now: Double) -> Double {
    let sent = max(now, up ? busyUntil.up : busyUntil.down) + Double(Self.bytes(parts)) / bytesPerSecond
    if up { busyUntil.up = sent } else { busyUntil.down = sent }
    return sent + latency
  }

  /// Of a message of a real cluster: an array of some thousand numbers stands in each frame.
  private static func bytes(_ parts: [[UInt8]]) -> Int { (parts.first?.count ?? 0) + (parts.count - 1) * 16_384 }
}
