import Foundation

extension ConfigurationSection {
  /// Reads an entry of `webhooks`.
  ///
  /// - Parameter resolve: makes a path absolute.
  mutating func webhook(_ resolve: (String) -> String) throws(AtelierError) -> WebhookEndpoint {
    var endpoint = WebhookEndpoint(url: "")
    try string("url") { endpoint.url = $0 }
    guard let url = URLComponents(string: endpoint.url), ["https", "http"].contains(url.scheme ?? ""),
      let host = url.host, !host.isEmpty, url.user == nil, url.password == nil
    else { throw error("url", "'\(endpoint.url)' is no address such as https://example.org/hook") }
    try string("secret") { endpoint.secretFile = resolve($0) }
    let events = try strings("events")
    if let unknown = events.first(where: { !WebhookEndpoint.events.contains($0) }) {
      throw error(
        "events", "there is no event '\(unknown)'; there are \(WebhookEndpoint.events.joined(separator: ", "))")
    }
    if !events.isEmpty { endpoint.events = Set(events) }
    try string("owner") { endpoint.owner = $0 }
    try flag("private") { endpoint.isPrivateAllowed = $0 }
    // What is signed can be read on the way all the same.
    guard url.scheme == "https" || endpoint.isPrivateAllowed else {
      throw error("url", "only https is for the public internet; http needs 'private: true'")
    }
    return endpoint
  }
}
