/// How a submission's options travel: as the query of `POST /api/v1/jobs`.
package enum SubmissionQuery {
  package static func encode(_ options: SubmitOptions, format: PromptFileFormat) -> [(String, String)] {
    var query = [("format", format.rawValue)]
    func add(_ name: String, _ value: (some CustomStringConvertible)?) {
      if let value { query.append((name, value.description)) }
    }
    add("model", options.model)
    add("n", options.n)
    add("seed", options.seed)
    add("size", options.size)
    add("name", options.name)
    if options.priority != 0 { add("priority", options.priority) }
    if options.skipBad { query.append(("skip_bad", "true")) }
    add("prior_steps", options.parameters.priorSteps)
    add("decoder_steps", options.parameters.decoderSteps)
    add("super_res_steps", options.parameters.superResSteps)
    add("prior_guidance", options.parameters.priorGuidance)
    add("decoder_guidance", options.parameters.decoderGuidance)
    add("sampler", options.parameters.sampler?.rawValue)
    add("eta", options.parameters.eta)
    add("decoder_guidance_start", options.parameters.decoderGuidanceStart)
    add("decoder_guidance_end", options.parameters.decoderGuidanceEnd)
    add("cache_interval", options.parameters.cacheInterval)
    return query
  }

  /// - Throws: `invalidInput` for an unknown option or a value that does not fit.
  package static func decode(_ query: [(String, String)]) throws(AtelierError) -> (SubmitOptions, PromptFileFormat) {
    var options = SubmitOptions()
    var format = PromptFileFormat.text
    for (name, value) in query {
      func number<N: LosslessStringConvertible>(_ type: N.Type) throws(AtelierError) -> N {
        guard let number = N(value) else {
          throw AtelierError(.invalidInput, "The option '\(name)' is '\(value)', which is no number that fits.")
        }
        return number
      }
      switch name {
      case "format":
        guard let known = PromptFileFormat(rawValue: value) else {
          throw AtelierError(.invalidInput, "The format '\(value)' is not known; it must be txt, csv or jsonl.")
        }
        format = known
      case "model": options.model = value
      case "n": options.n = try number(Int.self)
      case "seed": options.seed = try number(UInt64.self)
      case "size": options.size = try PictureSize(parsing: value)
      case "name": options.name = String(value.prefix(200))
      case "priority": options.priority = try number(Int.self)
      case "skip_bad": options.skipBad = value == "true"
      case "prior_steps": options.parameters.priorSteps = try number(Int.self)
      case "decoder_steps": options.parameters.decoderSteps = try number(Int.self)
      case "super_res_steps": options.parameters.superResSteps = try number(Int.self)
      case "prior_guidance": options.parameters.priorGuidance = try number(Double.self)
      case "decoder_guidance": options.parameters.decoderGuidance = try number(Double.self)
      case "sampler": options.parameters.sampler = try SamplerName(parsing: value)
      case "eta": options.parameters.eta = try number(Double.self)
      case "decoder_guidance_start": options.parameters.decoderGuidanceStart = try number(Double.self)
      case "decoder_guidance_end": options.parameters.decoderGuidanceEnd = try number(Double.self)
      case "cache_interval": options.parameters.cacheInterval = try number(Int.self)
      default: throw AtelierError(.invalidInput, "The option '\(name)' is not known.")
      }
    }
    return (options, format)
  }
}
