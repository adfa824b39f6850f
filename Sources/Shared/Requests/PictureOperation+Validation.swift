extension PictureOperation {
  /// Says what is wrong with the operation, if anything.
  ///
  /// - Parameter n: how many pictures the item asks for.
  func validate(n: Int?) throws(AtelierError) {
    switch self {
    case .render, .vary, .edit: return
    case .interpolate(let from, let to):
      for case .prompt(let prompt) in [from, to] { try ItemRequest.check(prompt, named: "prompt of an end") }
      if let n, n < 2 {
        throw AtelierError(.invalidInput, "'n' is \(n); an interpolation has at least 2 pictures, its ends.")
      }
    case .diff(_, let from, let to, let strengths, _):
      try ItemRequest.check(from, named: "'from'")
      try ItemRequest.check(to, named: "'to'")
      guard n == nil || n == strengths.count else {
        throw AtelierError(.invalidInput, "A diff has a picture for each of its 'strengths'; leave out 'n'.")
      }
      // A picture each.
      do throws(AtelierError) {
        try Field<ItemRequest>.n.check(ItemRequest(prompt: "", n: strengths.count))
      } catch {
        throw AtelierError(.invalidInput, "'strengths' has \(strengths.count) numbers. \(error.message)")
      }
      if let strength = strengths.first(where: { !(0...1).contains($0) }) {
        throw AtelierError(.invalidInput, "A strength is \(strength); it must be from 0 to 1.")
      }
    case .score(let images, let texts):
      for text in texts { try ItemRequest.check(text, named: "text") }
      for (name, count) in [("images", images.count), ("texts", texts.count)]
      where !(1...Self.mostScored).contains(count) {
        throw AtelierError(.invalidInput, "'\(name)' has \(count) entries; it must have 1 to \(Self.mostScored).")
      }
    }
  }
}
