@testable import UnCLIP

/// A configuration of a model's part: it is refused, or its sizes can be reckoned with.
func fuzzConfig(_ bytes: [UInt8]) throws {
  var bytes = bytes
  let choice = bytes.choice()
  guard
    case .object(let values) = try bytes.withUnsafeBytes({ bytes throws(JSONReader.Failure) in
      try JSONReader.read(bytes)
    })
  else { return }
  let config = Config(path: "config.json", values: values)
  switch choice % 6 {
  case 0: _ = try UNetConfiguration(decoder: config)
  case 1: _ = try UNetConfiguration(upsampler: config)
  case 2: _ = try UnCLIPScheduler(config)
  case 3: _ = try ImagePreprocessor(config)
  case 4:
    let additions = try ModelExtension(config, folder: "/nonexistent")
    _ = try CascadeStep.all(config, additions)
    _ = try ModelDefaults(additions)
    _ = try additions.texts("words")
  default:
    _ = try config.sampleSize()
    _ = try PriorTransformer.embeddingWidth(config)
    _ = try TextProjection.embeddingWidth(config)
    _ = try UnCLIPScheduler.trainSteps(config)
  }
}
