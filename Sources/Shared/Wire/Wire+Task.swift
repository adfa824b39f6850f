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

  /// The message, and in `frames` what goes with it.
  package func wire(frames: inout [[UInt8]]) -> Wire.Task {
    var files: [String: Wire.Payload] = [:]
    return wire(frames: &frames, files: &files)
  }

  /// The message, and in `frames` what goes with it.
  ///
  /// - Parameter files: the files that are among the frames already, by their SHA-256: tasks of one message share them.
  package func wire(frames: inout [[UInt8]], files: inout [String: Wire.Payload]) -> Wire.Task {
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
    wire.parameters = parameters.wire
    if let size {
      wire.width = UInt32(clamping: size.width)
      wire.height = UInt32(clamping: size.height)
    }
    wire.operation = operation.wire
    wire.itemOutputsWanted = itemOutputsWanted
    wire.interactive = isInteractive
    for kind in step?.inputs ?? [] {
      if let artifact = inputs[kind] { wire.inputs.append(Wire.Payload(artifact, frames: &frames)) }
    }
    for (digest, file) in sources.sorted(by: { $0.key < $1.key }) {
      let payload = files[digest] ?? Wire.Payload(file, frames: &frames)
      files[digest] = payload
      wire.sources.append(payload)
    }
    if let checkpoint { wire.checkpoint = checkpoint.wire(of: id, frames: &frames) }
    return wire
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
