extension TaskOperation {
  /// What a message asks for; one that says nothing asks for a picture of the prompt.
  ///
  /// - Throws: `malformed` if an end of an interpolation is missing.
  package init(_ wire: Wire.Operation) throws(AtelierError) {
    switch wire.kind {
    case nil: self = .render(embedding: nil)
    case .embedding(let file)?: self = .render(embedding: file)
    case .vary(let vary)?: self = .vary(image: vary.image, invert: vary.invert)
    case .interpolate(let ends)?:
      self = .interpolate(from: try End(ends.from), to: try End(ends.to), fraction: ends.fraction)
    case .diff(let diff)?:
      self = .diff(
        image: diff.image, from: diff.captionFrom, to: diff.captionTo, strength: diff.strength, invert: diff.invert)
    case .edit(let edit)?: self = .edit(image: edit.image, mask: edit.hasMask ? edit.mask : nil)
    case .score(let score)?: self = .score(images: score.images, texts: score.texts)
    }
  }

  package var wire: Wire.Operation {
    var wire = Wire.Operation()
    switch self {
    case .render(let file): if let file { wire.embedding = file }
    case .vary(let image, let invert):
      wire.vary.image = image
      wire.vary.invert = invert
    case .interpolate(let from, let to, let fraction):
      wire.interpolate.from = from.wire
      wire.interpolate.to = to.wire
      wire.interpolate.fraction = fraction
    case .diff(let image, let from, let to, let strength, let invert):
      wire.diff.image = image
      wire.diff.captionFrom = from
      wire.diff.captionTo = to
      wire.diff.strength = strength
      wire.diff.invert = invert
    case .edit(let image, let mask):
      wire.edit.image = image
      if let mask { wire.edit.mask = mask }
    case .score(let images, let texts):
      wire.score.images = images
      wire.score.texts = texts
    }
    return wire
  }
}

extension TaskOperation.End {
  fileprivate init(_ wire: Wire.Operation.End) throws(AtelierError) {
    switch wire.end {
    case .image(let image)?: self = .image(image)
    case .prompt(let prompt)?: self = .prompt(prompt)
    case nil: throw AtelierError(.malformed, "An end of an interpolation is missing.")
    }
  }

  fileprivate var wire: Wire.Operation.End {
    var wire = Wire.Operation.End()
    switch self {
    case .image(let image): wire.image = image
    case .prompt(let prompt): wire.prompt = prompt
    }
    return wire
  }
}
