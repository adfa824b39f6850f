extension TaskAttempt {
  package init(_ wire: Wire.TaskAttempt) {
    self.init(task: TaskID(Int64(bitPattern: wire.task)), attempt: Int(wire.attempt))
  }

  package var wire: Wire.TaskAttempt {
    var wire = Wire.TaskAttempt()
    wire.task = UInt64(bitPattern: task.number)
    wire.attempt = UInt32(truncatingIfNeeded: attempt)
    return wire
  }
}

extension RenderParameters {
  /// What the message says; the rest is absent.
  ///
  /// - Throws: `malformed` for a value that this version does not know.
  package init(_ wire: Wire.Parameters) throws(AtelierError) {
    self.init()
    for declaration in Self.declarations { try declaration.read(wire, &self) }
  }

  /// What is absent is absent in the message too.
  package var wire: Wire.Parameters {
    var wire = Wire.Parameters()
    for declaration in Self.declarations { declaration.write(self, &wire) }
    return wire
  }
}

extension ModelInfo {
  /// - Throws: `malformed` for what this version does not know.
  package init(_ wire: Wire.Model) throws(AtelierError) {
    self.init(
      name: wire.name, digest: wire.digest,
      size: PictureSize(width: Int(wire.pictureWidth), height: Int(wire.pictureHeight)),
      defaults: try RenderParameters(wire.defaults).filled(from: .karlo), readsPictures: wire.readsPictures,
      hasPrior: !wire.lacksPrior, limits: try RenderParameters(wire.limits))
  }

  package var wire: Wire.Model {
    var wire = Wire.Model()
    wire.name = name
    wire.digest = digest
    wire.pictureWidth = UInt32(clamping: size.width)
    wire.pictureHeight = UInt32(clamping: size.height)
    wire.defaults = defaults.wire
    wire.readsPictures = readsPictures
    wire.lacksPrior = !hasPrior
    wire.limits = limits.wire
    return wire
  }
}
