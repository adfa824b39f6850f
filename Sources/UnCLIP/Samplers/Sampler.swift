/// How a stage gets from noise to its sample: one of the methods below, with its settings.
package struct Sampler: Sendable {
  let method: any SamplingMethod

  init(_ method: any SamplingMethod) { self.method = method }

  /// The methods by the names that requests and models call them by. A new one is a file and a line here.
  ///
  /// Each is made with eta, which those that have no such setting leave aside.
  private static let table: [(name: String, make: @Sendable (_ eta: Double?) -> any SamplingMethod)] = [
    ("ddpm", { _ in DDPMSampler() }),
    ("ddim", { DDIMSampler(eta: $0 ?? 0) }),
    ("dpm-solver", { _ in DPMSolver() }),
  ]

  /// What ``init(named:eta:)`` takes, the reference's own first.
  package static let names = table.map { $0.name }

  /// The sampler of that name; nil if there is none.
  ///
  /// - Parameter eta: the noise of its steps, 0 if left out, for a sampler that has such a setting.
  package init?(named name: String, eta: Double? = nil) {
    guard let entry = Self.table.first(where: { $0.name == name }) else { return nil }
    method = entry.make(eta)
  }

  /// Names of those that can also walk from a sample to its noise.
  static let invertible = table.filter { $0.make(nil).isInvertible }.map { $0.name }
}
