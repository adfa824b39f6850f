/// A file that somebody brought over the OpenAI API, or that a batch has left for them.
package struct APIFile: Sendable, Equatable {
  /// What a file is for, as the API calls it.
  package enum Purpose: String, Sendable, CaseIterable {
    /// Lines of a batch.
    case batch
    /// What came of a batch's lines.
    case batchOutput = "batch_output"
    /// A picture that lines of a batch name.
    case vision

    /// Those that somebody can bring.
    package static let brought = [Purpose.batch, .vision]
  }

  /// `file-` and random characters.
  package var id: String
  package var owner: String
  /// As the client calls it: for people.
  package var name: String
  package var purpose: Purpose
  package var bytes: Int
  /// Seconds since 1970.
  package var createdAt: Double
  /// When it is deleted; nil for never.
  package var expiresAt: Double?

  package init(
    id: String, owner: String, name: String, purpose: Purpose, bytes: Int, createdAt: Double, expiresAt: Double?
  ) {
    self.id = id
    self.owner = owner
    self.name = name
    self.purpose = purpose
    self.bytes = bytes
    self.createdAt = createdAt
    self.expiresAt = expiresAt
  }

  /// The most bytes of a file.
  package static let largest = 200 << 20
  /// How long a file can be asked to be kept, in seconds.
  package static let lifetimes = 3600...2_592_000
  /// How long the lines of a batch are kept where nobody says, in seconds.
  package static let batchLifetime = 2_592_000
}
