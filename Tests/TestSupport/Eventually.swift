/// Waits until something holds, asking often; false if it does not within the time, which is long because a busy
/// machine runs many tests at once.
package func eventually(
  within limit: Duration = .seconds(90), _ condition: () async throws -> Bool
) async throws -> Bool {
  let deadline = ContinuousClock.now + limit
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    try await Task.sleep(for: .milliseconds(20))
  }
  return false
}
