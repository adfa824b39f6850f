/// What a line of a prompt file and a submission both can say of the pictures that they ask for.
package protocol PictureFields: Sendable {
  /// How many pictures.
  var n: Int? { get set }
  /// The seed of the first picture; picture k uses seed + k.
  var seed: UInt64? { get set }
  /// Nil for the model's own.
  var size: PictureSize? { get set }
  var parameters: RenderParameters { get set }
}

extension Field where Root: PictureFields {
  package static var n: Field {
    Field(
      "n", \.n, in: 1...1000, kinds: PictureOperation.Kind.withPictures, help: "How many pictures, such as 3.")
  }

  package static var seed: Field {
    Field("seed", \.seed, help: "The seed, such as 7; picture k uses seed + k. Random, and recorded, if left out.")
  }

  package static var size: Field {
    Field(
      "size", \.size, kinds: PictureOperation.Kind.withPictures.subtracting([.edit]),
      help: "Size of the pictures, such as 256x256; the model's if left out.")
  }

  /// All of them, the parameters of the rendering among them.
  package static var ofPictures: [Field] { [n, seed, size] + RenderParameters.fields.map { $0.of(\.parameters) } }
}
