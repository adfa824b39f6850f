/// What a submission says for all its items; an item's own fields come first.
package struct SubmitOptions: Hashable, Sendable, PictureFields {
  /// The model's name, or nil for the cluster's default.
  package var model: String?
  package var n: Int?
  /// The seed of every item that has none of its own.
  package var seed: UInt64?
  package var size: PictureSize?
  /// Higher goes first.
  package var priority: Int
  /// Whether somebody waits for it: such jobs go before all others, whatever their priority.
  package var interactive: Bool
  /// Leave out lines that cannot be read instead of refusing the file.
  package var skipBad: Bool
  /// A name for people, usually the file's.
  package var name: String?
  package var parameters: RenderParameters

  package init(
    model: String? = nil, n: Int? = nil, seed: UInt64? = nil, size: PictureSize? = nil, priority: Int = 0,
    interactive: Bool = false, skipBad: Bool = false, name: String? = nil, parameters: RenderParameters = RenderParameters()
  ) {
    self.model = model
    self.n = n
    self.seed = seed
    self.size = size
    self.priority = priority
    self.interactive = interactive
    self.skipBad = skipBad
    self.name = name
    self.parameters = parameters
  }

  /// Pictures of an interactive job: more of them would be a batch that pushes in.
  package static let mostInteractive = 100

  /// The options: those of the query of `POST /api/v1/jobs`, and of `atelier submit`.
  package static let fields: [Field<SubmitOptions>] =
    [
      Field("model", \.model, help: "The model's name; the cluster's default if left out."),
      Field(
        "name", get: \.name, set: { $0.name = $1.map { String($0.prefix(200)) } },
        help: "A name for the job; the file's if left out."),
      Field(
        "priority", get: { $0.priority == 0 ? nil : $0.priority }, set: { $0.priority = $1 ?? 0 }, default: 0,
        help: "Jobs of higher priority go first, from -100 to 100.",
        check: { (-100...100).contains($0) ? nil : "it must be from -100 to 100" }),
      Field(
        "interactive", get: { $0.interactive ? true : nil }, set: { $0.interactive = $1 ?? false }, default: false,
        help: "Go before all jobs that nobody waits for; for \(mostInteractive) pictures at most."),
      Field(
        "skip_bad", get: { $0.skipBad ? true : nil }, set: { $0.skipBad = $1 ?? false }, default: false,
        help: "Leave out lines that cannot be read instead of refusing the file."),
    ] + Field.ofPictures

  /// - Throws: `invalidInput` that names the option, its value and what it may be.
  package func validate() throws(AtelierError) {
    for field in Self.fields { try field.check(self) }
    try parameters.validate()
  }
}
