extension UnCLIPScheduler {
  /// Reads a `scheduler_config.json` of diffusers' `UnCLIPScheduler`.
  init(_ config: Config) throws(UnCLIPError) {
    try config.requireClass("UnCLIPScheduler")
    try config.requireNotNull(["beta_schedule"])
    try config.require("beta_schedule", .string("squaredcos_cap_v2"))
    let steps = try Self.trainSteps(config)
    let variance = try config.require(
      "variance_type", oneOf: ["fixed_small_log", "learned_range"], default: "fixed_small_log")
    let prediction = try config.require(
      "prediction_type", oneOf: ["epsilon", "sample"], default: "epsilon")
    let range = try config.double("clip_sample_range", default: 1)
    guard range > 0 else { throw config.refusal("clip_sample_range", "it must be above zero") }
    self.init(
      trainSteps: steps, variance: variance == "learned_range" ? .learnedRange : .fixedSmallLog,
      prediction: prediction == "sample" ? .sample : .epsilon,
      clipRange: try config.bool("clip_sample", default: true) ? Float(range) : nil)
  }

  /// Checks that a model with `outputs` values an element of the sample serves the variance.
  func check(outputs: Int, channels: Int, of config: Config, scheduler: Config)
    throws(UnCLIPError)
  {
    let expected = variance == .learnedRange ? 2 * channels : channels
    guard outputs == expected else {
      let kind = variance == .learnedRange ? "learned_range" : "fixed_small_log"
      throw UnCLIPError(
        .unsupported,
        """
        Cannot use '\(config.path)': the model gives \(outputs) channels for \(channels), but with \
        variance_type "\(kind)" in '\(scheduler.path)' it must give \(expected).
        """)
    }
  }

  /// Training steps of the schedule, from the configuration alone.
  static func trainSteps(_ config: Config) throws(UnCLIPError) -> Int {
    let steps = try config.positive("num_train_timesteps", default: 1000, limit: 100_000)
    guard steps > 1 else { throw config.refusal("num_train_timesteps", "it must be above one") }
    return steps
  }
}
