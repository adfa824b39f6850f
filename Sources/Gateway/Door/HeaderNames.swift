import Hummingbird

/// Headers that the HTTP library has no names for.
extension HTTPFields.Key {
  static let secFetchSite = known("Sec-Fetch-Site")
  static let referrerPolicy = known("Referrer-Policy")
  static let crossOriginOpenerPolicy = known("Cross-Origin-Opener-Policy")
  static let forwardedFor = known("X-Forwarded-For")
  static let lastEventID = known("Last-Event-ID")
  static let accelBuffering = known("X-Accel-Buffering")
  // What a preview is of.
  static let previewStage = known("X-Atelier-Stage")
  static let previewStep = known("X-Atelier-Step")
  static let previewSteps = known("X-Atelier-Steps")
  static let previewDone = known("X-Atelier-Done")

  private static func known(_ name: String) -> HTTPFields.Key {
    guard let key = HTTPFields.Key(name) else { preconditionFailure("'\(name)' is no header") }
    return key
  }
}
