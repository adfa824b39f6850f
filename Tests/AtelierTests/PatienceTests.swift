import Shared
import Testing

@testable import atelier

/// How long a coordinator that does not answer is waited for.
@Suite struct PatienceTests {
  private let start = ContinuousClock.now

  @Test func `a coordinator may be away for a minute of trying`() {
    var patience = Patience(from: start)
    let allowed = (1...100).prefix { patience.allowsAnother(at: start + .seconds($0)) }
    #expect(allowed.count == 59)
  }

  @Test func `the time that a client was suspended does not count`() {
    var patience = Patience(from: start)
    let allowed = [1, 36_000, 36_001].map { patience.allowsAnother(at: start + .seconds($0)) }
    #expect(allowed == [true, true, true])
  }

  @Test func `a coordinator that does not come back is given up with its reason`() async throws {
    var attempts = 0
    let refusal = AtelierError(.notFound, "There is no such job.")
    let error = await #expect(throws: AtelierError.self) {
      try await Patience.waitOut(pause: .zero, isAway: {}) {
        attempts += 1
        throw attempts < 3 ? AtelierError(.unavailable, "Nobody answers.") : refusal
      }
    }
    // A refusal is an answer: it ends the waiting.
    #expect(error?.message == refusal.message)
    #expect(attempts == 3)
  }
}
