import ArgumentParser
import Shared

/// Steps and guidance, for commands that send requests to a cluster.
struct RenderOptions: ParsableArguments {
  @Option(help: "Denoising steps of the prior.") var priorSteps: Int?
  @Option(help: "Denoising steps of the decoder.") var decoderSteps: Int?
  @Option(help: "Denoising steps of the upsampler.") var superResSteps: Int?
  @Option(help: "Guidance scale of the prior.") var priorGuidance: Double?
  @Option(help: "Guidance scale of the decoder.") var decoderGuidance: Double?

  var parameters: RenderParameters {
    RenderParameters(
      priorSteps: priorSteps, decoderSteps: decoderSteps, superResSteps: superResSteps, priorGuidance: priorGuidance,
      decoderGuidance: decoderGuidance)
  }
}
