/// The fields that a line of a prompt file can have.
enum RequestField: String, CaseIterable {
  case prompt
  case negativePrompt = "negative_prompt"
  case n
  case seed
  case size
  case priorSteps = "prior_steps"
  case decoderSteps = "decoder_steps"
  case superResSteps = "super_res_steps"
  case priorGuidance = "prior_guidance"
  case decoderGuidance = "decoder_guidance"
  case sampler
  case eta
  case decoderGuidanceStart = "decoder_guidance_start"
  case decoderGuidanceEnd = "decoder_guidance_end"
  case cacheInterval = "cache_interval"
  case customID = "custom_id"

  static let list = list(allCases.map(\.rawValue))

  static func list(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }
}

extension ItemRequest {
  /// Sets a field from text, as CSV has it.
  mutating func set(_ field: RequestField, to text: String) throws(AtelierError) {
    func number<N: LosslessStringConvertible>(_ kind: String) throws(AtelierError) -> N {
      guard let value = N(text.trimmingWhitespace()) else {
        throw AtelierError(.invalidInput, "'\(field.rawValue)' is '\(text)'; it must be \(kind).")
      }
      return value
    }
    let whole = "a whole number"
    switch field {
    case .prompt: prompt = text.trimmingWhitespace()
    case .negativePrompt: negativePrompt = text
    case .n: n = try number(whole)
    case .seed: seed = try number("a whole number from 0 to 18446744073709551615")
    case .size: size = text == "auto" ? nil : try PictureSize(parsing: text)
    case .priorSteps: parameters.priorSteps = try number(whole)
    case .decoderSteps: parameters.decoderSteps = try number(whole)
    case .superResSteps: parameters.superResSteps = try number(whole)
    case .priorGuidance: parameters.priorGuidance = try number("a number")
    case .decoderGuidance: parameters.decoderGuidance = try number("a number")
    case .sampler: parameters.sampler = try SamplerName(parsing: text)
    case .eta: parameters.eta = try number("a number")
    case .decoderGuidanceStart: parameters.decoderGuidanceStart = try number("a number")
    case .decoderGuidanceEnd: parameters.decoderGuidanceEnd = try number("a number")
    case .cacheInterval: parameters.cacheInterval = try number(whole)
    case .customID: customID = text
    }
  }
}
