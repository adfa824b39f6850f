extension Wire.Operation {
  /// - Parameter image: which picture of the item, from 0, of `count`.
  package init(_ operation: PictureOperation, image: Int, of count: Int) {
    self.init()
    switch operation {
    case .render(let file): if let file { embedding = file.digest ?? "" }
    case .vary(let file, let invert):
      vary.image = file.digest ?? ""
      vary.invert = invert
    case .interpolate(let from, let to):
      interpolate.from = End(from)
      interpolate.to = End(to)
      interpolate.fraction = count > 1 ? Double(image) / Double(count - 1) : 0
    case .diff(let file, let from, let to, let strengths, let invert):
      diff.image = file.digest ?? ""
      diff.captionFrom = from
      diff.captionTo = to
      diff.strength = strengths.indices.contains(image) ? strengths[image] : 0
      diff.invert = invert
    case .edit(let file, let mask):
      edit.image = file.digest ?? ""
      edit.mask = mask?.digest ?? ""
    case .score(let images, let texts):
      score.images = images.map { $0.digest ?? "" }
      score.texts = texts
    }
  }
}

extension Wire.Operation.End {
  fileprivate init(_ end: PictureOperation.End) {
    self.init()
    switch end {
    case .image(let file): image = file.digest ?? ""
    case .prompt(let text): prompt = text
    }
  }
}
