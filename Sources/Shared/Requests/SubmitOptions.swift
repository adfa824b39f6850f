/// What a submission says for all its items; an item's own fields come first.
package struct SubmitOptions: Hashable, Sendable, Codable {
  /// The model's name, or nil for the cluster's default.
  package var model: String?
  package var n: Int?
  /// The seed of every item that has none of its own.
  package var seed: UInt64?
  package var size: PictureSize?
  /// Higher goes first.
  package var priority: Int
  /// Leave out lines that cannot be read instead of refusing the file.
  package var skipBad: Bool
  /// A name for people, usually the file's.
  package var name: String?
  package var parameters: RenderParameters

  package init(
    model: String? = nil, n: Int? = nil, seed: UInt64? = nil, size: PictureSize? = nil, priority: Int = 0,
    skipBad: Bool = false, name: String? = nil, parameters: RenderParameters = RenderParameters()
  ) {
    self.model = model
    self.n = n
    self.seed = seed
    self.size = size
    self.priority = priority
    self.skipBad = skipBad
    self.name = name
    self.parameters = parameters
  }

  package static let priorityRange = -100...100

  package func validate() throws(AtelierError) {
    guard Self.priorityRange.contains(priority) else {
      throw AtelierError(.invalidInput, "The priority is \(priority); it must be from -100 to 100.")
    }
    if let n, !ItemRequest.pictureRange.contains(n) {
      throw AtelierError(.invalidInput, "'n' is \(n); it must be from 1 to \(ItemRequest.pictureRange.upperBound).")
    }
    try parameters.validate()
  }
}
