extension StageTask {
  /// - Throws: `malformed` if the message names an unknown stage, or something that came with it is damaged.
  package init(_ wire: Wire.Task, frames: [[UInt8]]) throws(AtelierError) {
    guard let stage = Stage(wire: wire.stage) else {
      throw AtelierError(.malformed, "The task \(wire.task.task) is of a stage that this worker does not know.")
    }
    self.init(
      id: TaskAttempt(wire.task), job: JobID(wire.job), item: Int(wire.item), image: Int(wire.image), stage: stage,
      modelDigest: wire.modelDigest, prompt: wire.prompt, negativePrompt: wire.negativePrompt, seed: wire.seed,
      parameters: try RenderParameters(wire.parameters),
      size: wire.hasWidth && wire.hasHeight
        ? PictureSize(width: Int(wire.width), height: Int(wire.height)) : nil,
      operation: try TaskOperation(wire.operation), itemOutputsWanted: wire.itemOutputsWanted,
      isInteractive: wire.interactive)
    for payload in wire.inputs {
      let artifact = try payload.artifact(in: frames)
      inputs[artifact.kind] = artifact
    }
    for payload in wire.sources {
      let file = try payload.artifact(in: frames)
      sources[hexadecimal(file.sha256)] = file
    }
    // A damaged checkpoint costs its steps, not the task.
    if wire.hasCheckpoint { checkpoint = try? TaskCheckpoint(wire.checkpoint, frames: frames) }
  }

  /// The message, and in `parts` what goes with it.
  package func wire(in parts: inout AssignmentParts) -> Wire.Task {
    var wire = Wire.Task()
    wire.task = id.wire
    wire.job = job.text
    wire.item = UInt32(clamping: item)
    wire.image = UInt32(clamping: image)
    wire.stage = stage.wire
    wire.modelDigest = modelDigest
    wire.prompt = prompt
    wire.negativePrompt = negativePrompt
    wire.seed = seed
    wire.parameters = parts.wire(of: parameters)
    if let size {
      wire.width = UInt32(clamping: size.width)
      wire.height = UInt32(clamping: size.height)
    }
    wire.operation = operation.wire
    wire.itemOutputsWanted = itemOutputsWanted
    wire.interactive = isInteractive
    for kind in step?.inputs ?? [] {
      if let artifact = inputs[kind] { wire.inputs.append(Wire.Payload(artifact, frames: &parts.frames)) }
    }
    for (digest, file) in sources.sorted(by: { $0.key < $1.key }) {
      wire.sources.append(parts.payload(of: file, digest))
    }
    if let checkpoint { wire.checkpoint = checkpoint.wire(of: id, frames: &parts.frames) }
    return wire
  }
}

/// What the tasks of one message share.
package struct AssignmentParts {
  /// What goes with the message.
  package fileprivate(set) var frames: [[UInt8]] = []
  /// The files that are among the frames already, by their SHA-256.
  private var files: [String: Wire.Payload] = [:]
  /// Nearly all tasks have the same; of all messages.
  private var parameters: [RenderParameters: Wire.Parameters] = [:]

  package init() {}

  /// What follows goes with another message.
  package mutating func beginMessage() {
    frames = []
    files = [:]
  }

  fileprivate mutating func wire(of value: RenderParameters) -> Wire.Parameters {
    if let known = parameters[value] { return known }
    let wire = value.wire
    parameters[value] = wire
    return wire
  }

  fileprivate mutating func payload(of file: Artifact, _ digest: String) -> Wire.Payload {
    if let known = files[digest] { return known }
    let payload = Wire.Payload(file, frames: &frames)
    files[digest] = payload
    return payload
  }
}

extension TaskCheckpoint {
  /// - Throws: `malformed` if its array is damaged.
  package init(_ wire: Wire.Checkpoint, frames: [[UInt8]]) throws(AtelierError) {
    self.init(
      pass: Int(wire.pass), completedSteps: Int(wire.completedSteps), latents: try wire.latents.artifact(in: frames))
  }

  package func wire(of task: TaskAttempt, frames: inout [[UInt8]]) -> Wire.Checkpoint {
    var wire = Wire.Checkpoint()
    wire.task = task.wire
    wire.pass = UInt32(clamping: pass)
    wire.completedSteps = UInt32(clamping: completedSteps)
    wire.latents = Wire.Payload(latents, frames: &frames)
    return wire
  }
}
