import ArgumentParser
import Shared

/// Steps, guidance and sampler, for all commands that ask for pictures.
struct SamplingOptions: ParsableArguments {
  @Option(help: "Denoising steps of the prior, such as 25.") var priorSteps: Int?
  @Option(help: "Denoising steps of the decoder, such as 25.") var decoderSteps: Int?
  @Option(help: "Denoising steps of the upsampler, such as 7.") var superResSteps: Int?
  @Option(help: "Guidance scale of the prior, such as 4.") var priorGuidance: Double?
  @Option(help: "Guidance scale of the decoder, such as 8.") var decoderGuidance: Double?
  @Option(help: "Where the decoder's guidance begins, such as 0.1: 0 is its noise, 1 the picture; default 0.")
  var decoderGuidanceStart: Double?
  @Option(help: "Where it ends, such as 0.8; steps outside cost half. Default 1.")
  var decoderGuidanceEnd: Double?
  @Option(help: "Evaluate the deep levels of decoder and upsampler in every so many steps only, such as 2; default 1.")
  var cacheInterval: Int?
  @Option(help: "How to walk from noise: ddpm, ddim or dpm-solver (good in 10 to 15 steps).")
  var sampler: SamplerName?
  @Option(help: "Noise of ddim, such as 0.5: 0 for none, 1 for as much as ddpm.") var eta: Double?

  func validate() throws {
    do { try parameters.validate() } catch { throw ValidationError("\(error)") }
  }

  var parameters: RenderParameters {
    RenderParameters(
      priorSteps: priorSteps, decoderSteps: decoderSteps, superResSteps: superResSteps, priorGuidance: priorGuidance,
      decoderGuidance: decoderGuidance, sampler: sampler, eta: eta, decoderGuidanceStart: decoderGuidanceStart,
      decoderGuidanceEnd: decoderGuidanceEnd, cacheInterval: cacheInterval)
  }
}

extension SamplerName: ExpressibleByArgument {}
