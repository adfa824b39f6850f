/// As the fields of a prompt file's line, which is also how the store keeps it:
///
///     {"kind": "vary", "image": "cat.png", "n": 4}
///     {"kind": "interpolate", "from": {"image": "cat.png"}, "to": {"prompt": "a red apple"}, "n": 5}
///     {"kind": "diff", "image": "cat.png", "from": "a cat", "to": "a tiger", "strengths": [0.25, 0.5]}
///     {"kind": "edit", "image": "room.png", "mask": "mask.png", "prompt": "a red apple"}
///     {"kind": "score", "images": ["cat.png", "dog.png"], "texts": ["a cat", "a dog"]}
extension PictureOperation: Codable {
  /// The fields, beside those that every item may have.
  package enum Key: String, CodingKey, CaseIterable {
    case kind, image, mask, invert, from, to, strengths, images, texts, embedding
  }

  /// The fields that a kind takes; any other beside the common ones is refused, since it would be without effect.
  private static func fields(of kind: Kind) -> Set<Key> {
    switch kind {
    case .render: [.embedding]
    case .vary: [.image, .invert]
    case .interpolate: [.from, .to]
    case .diff: [.image, .from, .to, .strengths, .invert]
    case .edit: [.image, .mask]
    case .score: [.images, .texts]
    }
  }

  /// - Throws: `invalidInput` that names the field.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let kind = try Self.kind(container)
    let known = Self.fields(of: kind).union([.kind])
    if let foreign = container.sortedKeys.first(where: { !known.contains($0) }) {
      let kinds = Kind.allCases.filter { Self.fields(of: $0).contains(foreign) }.map(\.rawValue).joined(separator: ", ")
      throw AtelierError(
        .invalidInput,
        "The field '\(foreign.rawValue)' goes with the kinds: \(kinds); this is of kind \(kind.rawValue).")
    }
    func value<Value: Decodable>(_ field: Key, _ sort: String) throws(AtelierError) -> Value {
      guard let value: Value = try optional(field, sort) else {
        throw AtelierError(.invalidInput, "The field '\(field.rawValue)' is missing; kind \(kind.rawValue) needs it.")
      }
      return value
    }
    func optional<Value: Decodable>(_ field: Key, _ sort: String) throws(AtelierError) -> Value? {
      do {
        return try container.decodeIfPresent(Value.self, forKey: field)
      } catch let error as AtelierError {
        throw error
      } catch {
        throw AtelierError(.invalidInput, "The field '\(field.rawValue)' is not \(sort).")
      }
    }
    let (file, text, flag) = ("the name of a file", "a string", "true or false")
    let end = "an object with either 'image' or 'prompt'"
    switch kind {
    case .render: self = .render(embedding: try optional(.embedding, file))
    case .vary: self = .vary(image: try value(.image, file), invert: try optional(.invert, flag) ?? false)
    case .interpolate: self = .interpolate(from: try value(.from, end), to: try value(.to, end))
    case .diff:
      self = .diff(
        image: try value(.image, file), from: try value(.from, text), to: try value(.to, text),
        strengths: try optional(.strengths, "a list of numbers") ?? Self.strengths,
        invert: try optional(.invert, flag) ?? false)
    case .edit: self = .edit(image: try value(.image, file), mask: try optional(.mask, file))
    case .score:
      self = .score(images: try value(.images, "a list of file names"), texts: try value(.texts, "a list of strings"))
    }
  }

  private static func kind(_ container: KeyedDecodingContainer<Key>) throws(AtelierError) -> Kind {
    do {
      return try container.decodeIfPresent(Kind.self, forKey: .kind) ?? .render
    } catch {
      let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw AtelierError(.invalidInput, "The field 'kind' is not known; it must be one of: \(kinds).")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(kind, forKey: .kind)
    switch self {
    case .render(let embedding): try container.encodeIfPresent(embedding, forKey: .embedding)
    case .vary(let image, let invert):
      try container.encode(image, forKey: .image)
      try container.encode(invert, forKey: .invert)
    case .interpolate(let from, let to):
      try container.encode(from, forKey: .from)
      try container.encode(to, forKey: .to)
    case .diff(let image, let from, let to, let strengths, let invert):
      try container.encode(image, forKey: .image)
      try container.encode(from, forKey: .from)
      try container.encode(to, forKey: .to)
      try container.encode(strengths, forKey: .strengths)
      try container.encode(invert, forKey: .invert)
    case .edit(let image, let mask):
      try container.encode(image, forKey: .image)
      try container.encodeIfPresent(mask, forKey: .mask)
    case .score(let images, let texts):
      try container.encode(images, forKey: .images)
      try container.encode(texts, forKey: .texts)
    }
  }
}

extension PictureOperation.End: Codable {
  private enum Key: String, CodingKey {
    case image, prompt
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let image = try container.decodeIfPresent(SourceFile.self, forKey: .image)
    let prompt = try container.decodeIfPresent(String.self, forKey: .prompt)
    switch (image, prompt) {
    case (let image?, nil): self = .image(image)
    case (nil, let prompt?): self = .prompt(prompt)
    default: throw AtelierError(.invalidInput, "An end of an interpolation has either an 'image' or a 'prompt'.")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    switch self {
    case .image(let image): try container.encode(image, forKey: .image)
    case .prompt(let prompt): try container.encode(prompt, forKey: .prompt)
    }
  }
}
