import ArgumentParser
import Shared

/// Steps, guidance and sampler, for all commands that ask for pictures.
struct SamplingOptions: ParsableArguments {
  @Option(help: "Denoising steps of the prior, such as 25.") var priorSteps: Int?
  @Option(help: "Denoising steps of the decoder, such as 25.") var decoderSteps: Int?
  @Option(help: "Denoising steps of the upsampler, such as 7.") var superResSteps: Int?
  @Option(help: "Guidance scale of the prior, such as 4.") var priorGuidance: Double?
  @Option(help: "Guidance scale of the decoder, such as 8.") var decoderGuidance: Double?
  @Option(help: "How to walk from noise: ddpm, ddim or dpm-solver (good in 10 to 15 steps).")
  var sampler: SamplerName?
  @Option(help: "Noise of ddim, such as 0.5: 0 for none, 1 for as much as ddpm.") var eta: Double?

  func validate() throws {
    do { try parameters.validate() } catch { throw ValidationError("\(error)") }
  }

  var parameters: RenderParameters {
    RenderParameters(
      priorSteps: priorSteps, decoderSteps: decoderSteps, superResSteps: superResSteps, priorGuidance: priorGuidance,
      decoderGuidance: decoderGuidance, sampler: sampler, eta: eta)
  }
}

extension SamplerName: ExpressibleByArgument {}
