/// What one task asks for beside its prompt: a ``PictureOperation`` for one of its pictures, with files by their
/// SHA-256 in hexadecimal.
package enum TaskOperation: Hashable, Sendable {
  /// A picture of the prompt, or of an embedding in a safetensors file.
  case render(embedding: String?)
  case vary(image: String, invert: Bool)
  /// The picture that lies at a fraction of the way.
  case interpolate(from: End, to: End, fraction: Double)
  case diff(image: String, from: String, to: String, strength: Double, invert: Bool)
  case edit(image: String, mask: String?)
  case score(images: [String], texts: [String])

  /// An end of an interpolation.
  package enum End: Hashable, Sendable {
    case image(String)
    case prompt(String)
  }

  /// - Parameter image: which picture of the item, from 0, of `count`.
  /// - Throws: `malformed` if a file was not uploaded, or the item has no such picture.
  package init(_ operation: PictureOperation, image: Int, of count: Int) throws(AtelierError) {
    switch operation {
    case .render(let file): self = .render(embedding: try file.map(Self.digest))
    case .vary(let file, let invert): self = .vary(image: try Self.digest(file), invert: invert)
    case .interpolate(let from, let to):
      self = .interpolate(
        from: try End(from), to: try End(to), fraction: count > 1 ? Double(image) / Double(count - 1) : 0)
    case .diff(let file, let from, let to, let strengths, let invert):
      guard strengths.indices.contains(image) else {
        throw AtelierError(.malformed, "A diff of \(strengths.count) strengths has no picture \(image).")
      }
      self = .diff(image: try Self.digest(file), from: from, to: to, strength: strengths[image], invert: invert)
    case .edit(let file, let mask): self = .edit(image: try Self.digest(file), mask: try mask.map(Self.digest))
    case .score(let images, let texts):
      var digests: [String] = []
      for image in images { digests.append(try Self.digest(image)) }
      self = .score(images: digests, texts: texts)
    }
  }

  /// - Throws: `malformed` if the file is named by a path.
  fileprivate static func digest(_ file: SourceFile) throws(AtelierError) -> String {
    guard let digest = file.digest else {
      throw AtelierError(.malformed, "The file '\(file)' of a stored request is not named by its SHA-256.")
    }
    return digest
  }

  package var kind: PictureOperation.Kind {
    switch self {
    case .render: .render
    case .vary: .vary
    case .interpolate: .interpolate
    case .diff: .diff
    case .edit: .edit
    case .score: .score
    }
  }

  package var inverts: Bool {
    switch self {
    case .vary(_, let invert), .diff(_, _, _, _, let invert): invert
    case .render, .interpolate, .edit, .score: false
    }
  }
}

extension TaskOperation.End {
  fileprivate init(_ end: PictureOperation.End) throws(AtelierError) {
    switch end {
    case .image(let file): self = .image(try TaskOperation.digest(file))
    case .prompt(let text): self = .prompt(text)
    }
  }
}
