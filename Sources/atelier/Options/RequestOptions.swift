import ArgumentParser
import Shared

/// The fields of a request of one kind that are options of its command; what it shows has arguments of its own.
typealias RequestOptions<Kind: RequestKind> = FieldOptions<RequestFields<Kind>>

/// The fields of a line of one kind, less what its command has in another form.
struct RequestFields<Kind: RequestKind>: FieldGroup {
  static var fields: [Field<ItemRequest>] {
    ItemRequest.fields.filter { $0.kinds.contains(Kind.kind) && !Kind.excluded.contains($0.name) }
  }

  static var empty: ItemRequest { ItemRequest(prompt: "") }

  static func check(_ values: ItemRequest) throws(AtelierError) { try values.parameters.validate() }
}

/// A kind of request as a type.
protocol RequestKind: SendableMetatype {
  static var kind: PictureOperation.Kind { get }
  /// Names of fields that its command has in another form, or not at all.
  static var excluded: Set<String> { get }
}

extension RequestKind {
  static var excluded: Set<String> { ["prompt", "custom_id"] }
}

enum RenderKind: RequestKind {
  static let kind = PictureOperation.Kind.render
}

enum VaryKind: RequestKind {
  static let kind = PictureOperation.Kind.vary
}

enum InterpolateKind: RequestKind {
  static let kind = PictureOperation.Kind.interpolate
}

enum DiffKind: RequestKind {
  static let kind = PictureOperation.Kind.diff
  /// As many pictures as strengths.
  static let excluded: Set<String> = ["prompt", "custom_id", "n"]
}

/// No `size`: the declaration says that an edit keeps its picture's.
enum EditKind: RequestKind {
  static let kind = PictureOperation.Kind.edit
}

/// The options of a submission.
enum SubmissionFields: FieldGroup {
  /// What is said by being there is a flag.
  static let fields = SubmitOptions.fields.filter { !["skip_bad", "interactive"].contains($0.name) }
  static var empty: SubmitOptions { SubmitOptions() }
  static func check(_ values: SubmitOptions) throws(AtelierError) { try values.validate() }
}
