import Hummingbird

/// A request that is not let in, with what the other side needs to know of it.
struct DoorRefusal: Error {
  var status: HTTPResponse.Status
  /// As ``APIError`` has it.
  var code: String
  /// What, why, and what to do.
  var message: String
  var headers: HTTPFields = [:]

  /// The host is none of the coordinator's names.
  static func foreignHost(_ host: String) -> DoorRefusal {
    DoorRefusal(
      status: .misdirectedRequest, code: "denied",
      message: "This coordinator is not called '\(host.prefix(200))', so a web page may be pretending to be it. Ask it "
        + "under its address, or list the name in cluster.yaml under 'security.hosts'.")
  }

  /// A page of another origin asks for a change.
  static func crossSite(_ origin: String) -> DoorRefusal {
    DoorRefusal(
      status: .forbidden, code: "denied",
      message: "The web page '\(origin.prefix(200))' may not change anything here: only the coordinator's own may.")
  }

  /// Nobody is known who asks.
  static func unauthorized(_ message: String, isInvalid: Bool) -> DoorRefusal {
    let challenge = "Bearer realm=\"atelier\"" + (isInvalid ? ", error=\"invalid_token\"" : "")
    return DoorRefusal(
      status: .unauthorized, code: "denied", message: message, headers: [.wwwAuthenticate: challenge])
  }

  /// The owner has asked for too much at once.
  static func tooMany(_ message: String, retryAfter: Duration) -> DoorRefusal {
    let seconds = max(1, Int((retryAfter / .seconds(1)).rounded(.up)))
    return DoorRefusal(
      status: .tooManyRequests, code: "unavailable", message: message, headers: [.retryAfter: "\(seconds)"])
  }
}
