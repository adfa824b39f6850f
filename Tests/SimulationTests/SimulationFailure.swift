/// A promise was broken.
struct SimulationFailure: Error, CustomStringConvertible {
  var seed: UInt64
  var time: Double
  var reason: String
  var trace: [String]

  var description: String {
    "seed \(seed), second \(time): \(reason)\nReplay it with: ATELIER_SIMULATION_SEED=\(seed) swift test ... --filter SimulationTests"
      + (trace.isEmpty ? "" : "\n" + trace.joined(separator: "\n"))
  }
}
