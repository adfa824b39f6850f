import Shared
import Testing
import UnCLIP

@testable import Worker

/// What is declared is what the engine does.
@Suite struct RequestParameterTests {
  @Test func `the engine has the samplers that requests may name`() {
    #expect(SamplerName.allCases.map(\.rawValue) == Sampler.names)
  }

  /// A value that is nobody's default, by the name of its field.
  private static let values = [
    "prior_steps": "11", "decoder_steps": "12", "super_res_steps": "13", "prior_guidance": "1.5",
    "decoder_guidance": "2.5", "decoder_guidance_start": "0.25", "decoder_guidance_end": "0.75",
    "cache_interval": "3", "sampler": "dpm-solver", "eta": "0.5",
  ]

  @Test func `every parameter changes what the engine is asked for`() throws {
    #expect(Set(Self.values.keys) == Set(RenderParameters.fields.map(\.name)))
    func told(_ parameters: RenderParameters) throws -> String {
      var request = PictureRequest(prompt: "a", seed: 1)
      try request.apply(parameters.filled(from: .karlo))
      return "\(request)"
    }
    let plain = try told(RenderParameters())
    var seen: Set<String> = [plain]
    for field in RenderParameters.fields {
      var parameters = RenderParameters()
      try field.set(try #require(Self.values[field.name]), in: &parameters)
      #expect(seen.insert(try told(parameters)).inserted, "'\(field.name)' changes nothing")
    }
  }
}
