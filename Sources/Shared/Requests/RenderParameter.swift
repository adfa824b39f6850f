/// A field of ``RenderParameters`` and its place on the wire.
struct RenderParameter: Sendable {
  let field: Field<RenderParameters>
  /// Takes the value from a message, if it has one.
  let read: @Sendable (Wire.Parameters, inout RenderParameters) throws(AtelierError) -> Void
  /// Writes the value to a message, if there is one.
  let write: @Sendable (RenderParameters, inout Wire.Parameters) -> Void

  /// - Parameters:
  ///   - wire: the value in a message.
  ///   - isSet: whether a message has one.
  init<Value: WireValue & Comparable>(
    _ name: String, _ path: any WritableKeyPath<RenderParameters, Value?> & Sendable,
    wire: any WritableKeyPath<Wire.Parameters, Value.OnWire> & Sendable,
    isSet: any KeyPath<Wire.Parameters, Bool> & Sendable,
    in range: ClosedRange<Value>, default defaultValue: Value? = nil, help: String
  ) {
    self.init(
      Field(name, path, in: range, default: defaultValue, kinds: PictureOperation.Kind.withPictures, help: help),
      path, wire, isSet)
  }

  init<Value: WireValue>(
    _ name: String, _ path: any WritableKeyPath<RenderParameters, Value?> & Sendable,
    wire: any WritableKeyPath<Wire.Parameters, Value.OnWire> & Sendable,
    isSet: any KeyPath<Wire.Parameters, Bool> & Sendable,
    default defaultValue: Value? = nil, help: String
  ) {
    self.init(
      Field(name, path, default: defaultValue, kinds: PictureOperation.Kind.withPictures, help: help), path, wire, isSet)
  }

  private init<Value: WireValue>(
    _ field: Field<RenderParameters>, _ path: any WritableKeyPath<RenderParameters, Value?> & Sendable,
    _ wire: any WritableKeyPath<Wire.Parameters, Value.OnWire> & Sendable,
    _ isSet: any KeyPath<Wire.Parameters, Bool> & Sendable
  ) {
    self.field = field
    read = { message, parameters throws(AtelierError) in
      guard message[keyPath: isSet] else { return }
      guard let value = Value(wire: message[keyPath: wire]) else {
        throw AtelierError(
          .malformed,
          "The message has a '\(field.name)' that this version does not know (\(message[keyPath: wire])); "
            + "install the same version of atelier on both sides.")
      }
      parameters[keyPath: path] = value
    }
    write = { parameters, message in
      if let value = parameters[keyPath: path] { message[keyPath: wire] = value.wire }
    }
  }
}

/// A value that travels in a field of a message, as another type there.
protocol WireValue: FieldValue {
  associatedtype OnWire

  /// Nil for what this version does not know.
  init?(wire: OnWire)
  var wire: OnWire { get }
}

extension Int: WireValue {
  init?(wire: UInt32) { self.init(wire) }
  var wire: UInt32 { UInt32(clamping: self) }
}

extension Double: WireValue {
  init?(wire: Double) { self = wire }
  var wire: Double { self }
}
