/// What an item asks for beside its prompt.
package enum PictureOperation: Hashable, Sendable {
  /// A picture of the prompt; from an embedding that was made before, if one is named.
  case render(embedding: SourceFile?)
  /// Variations of a picture. Inverted, they begin with the noise that the picture would be made from, and keep
  /// its layout.
  case vary(image: SourceFile, invert: Bool)
  /// Pictures on the way from one end to another.
  case interpolate(from: End, to: End)
  /// A picture moved from what one caption says towards another, once for each strength.
  case diff(image: SourceFile, from: String, to: String, strengths: [Double], invert: Bool)
  /// A part of a picture made anew: the transparent part of the mask, or of the picture if there is no mask.
  case edit(image: SourceFile, mask: SourceFile?)
  /// How well each text fits each picture; makes no picture.
  case score(images: [SourceFile], texts: [String])

  /// An end of an interpolation.
  package enum End: Hashable, Sendable {
    case image(SourceFile)
    case prompt(String)
  }

  /// As the field `kind` names them.
  package enum Kind: String, Sendable, Codable, CaseIterable {
    case render, vary, interpolate, diff, edit, score

    /// Those that make pictures.
    package static let withPictures = Set(allCases).subtracting([.score])
  }

  package var kind: Kind {
    switch self {
    case .render: .render
    case .vary: .vary
    case .interpolate: .interpolate
    case .diff: .diff
    case .edit: .edit
    case .score: .score
    }
  }

  /// The files that it names.
  package var sources: [SourceFile] {
    switch self {
    case .render(let embedding): [embedding].compactMap { $0 }
    case .vary(let image, _): [image]
    case .interpolate(let from, let to): [from.image, to.image].compactMap { $0 }
    case .diff(let image, _, _, _, _): [image]
    case .edit(let image, let mask): [image, mask].compactMap { $0 }
    case .score(let images, _): images
    }
  }

  /// The files that a stage of it reads.
  package func sources(for stage: Stage) -> [SourceFile] {
    StagePlan(for: self).step(stage)?.readsSources == true ? sources : []
  }

  /// Whether CLIP's image encoder is needed for it.
  package var readsPictures: Bool {
    switch self {
    case .render, .edit: false
    case .vary, .diff, .score: true
    case .interpolate(let from, let to): from.image != nil || to.image != nil
    }
  }

  /// Whether a prior is needed for it: an embedding that it decodes is made of a text.
  package var needsPrior: Bool {
    switch self {
    case .render(let embedding): embedding == nil
    case .edit: true
    case .interpolate(let from, let to): from.image == nil || to.image == nil
    case .vary, .diff, .score: false
    }
  }

  /// Whether a picture is not possible without a prompt.
  package var needsPrompt: Bool {
    switch self {
    case .render(let embedding): embedding == nil
    case .edit: true
    case .vary, .interpolate, .diff, .score: false
    }
  }

  /// Whether the decoder begins with a picture's own noise.
  package var inverts: Bool {
    switch self {
    case .vary(_, let invert), .diff(_, _, _, _, let invert): invert
    case .render, .interpolate, .edit, .score: false
    }
  }

  /// What it recommends, before the model does.
  package var defaults: RenderParameters { inverts ? Self.inversionDefaults : RenderParameters() }

  /// Only the implicit sampler leads back to a picture, and guidance leads elsewhere.
  package static let inversionDefaults = RenderParameters(decoderGuidance: 1, sampler: .ddim)

  /// How many pictures an item has. Where the operation itself says how many, `n` says nothing.
  ///
  /// - Parameters:
  ///   - requested: the item's own `n`.
  ///   - standard: what the submission says for items that say nothing.
  package func count(requested: Int?, standard: Int?) -> Int {
    switch self {
    case .render, .vary, .edit: requested ?? standard ?? 1
    case .interpolate: requested ?? Self.interpolationSteps
    case .diff(_, _, _, let strengths, _): strengths.count
    case .score: 1
    }
  }

  /// Image k uses seed + k; where the pictures are to differ in something else, all use one seed.
  package var countsSeeds: Bool {
    switch self {
    case .render, .vary, .edit: true
    case .interpolate, .diff, .score: false
    }
  }

  /// Pictures of an interpolation that does not say how many, both ends included.
  package static let interpolationSteps = 5
  /// How far the paper's text diffs go at most.
  package static let strengths = [0, 0.125, 0.25, 0.375, 0.5]
  /// Of the files of one request together, in bytes, each file counted once: they go to a worker in one message.
  package static let mostSourceBytes = 256 << 20
  /// The most pictures and texts of one scoring.
  static let mostScored = 1000
}

extension PictureOperation.End {
  package var image: SourceFile? {
    if case .image(let image) = self { image } else { nil }
  }
}
