extension TaskPreview {
  /// - Throws: `malformed` if the picture is damaged, larger than ``largestFile`` or ``largestSide``, or no PNG.
  package init(_ wire: Wire.Preview, frames: [[UInt8]]) throws(AtelierError) {
    guard wire.hasPicture, Int(wire.picture.frame) < frames.count else {
      throw AtelierError(.malformed, "A preview came without its picture.")
    }
    let bytes = frames[Int(wire.picture.frame)]
    // Before its digest is computed, which costs the time of its bytes.
    guard bytes.count <= Self.largestFile else {
      throw AtelierError(.malformed, "A preview has \(bytes.count) bytes; at most \(Self.largestFile) are taken.")
    }
    let picture = try wire.picture.artifact(in: frames)
    guard picture.kind == .picture, picture.type == .png, picture.shape.count == 3,
      let size = Self.size(ofPNG: bytes), [size.height, size.width] == Array(picture.shape.prefix(2)),
      (1...Self.largestSide).contains(size.width), (1...Self.largestSide).contains(size.height)
    else {
      throw AtelierError(
        .malformed,
        "A preview of shape \(picture.shape) is no PNG file of that size and at most \(Self.largestSide) pixels a side.")
    }
    guard wire.done.isFinite, (0...1).contains(wire.done), wire.step <= wire.steps else {
      throw AtelierError(
        .malformed, "A preview says that \(wire.step) of \(wire.steps) steps are done, and \(wire.done) of the picture.")
    }
    self.init(
      pass: Int(wire.pass), step: Int(wire.step), steps: Int(wire.steps), done: wire.done, picture: picture)
  }

  /// The message, and in `frames` what goes with it.
  package func wire(of task: TaskAttempt, frames: inout [[UInt8]]) -> Wire.Preview {
    var wire = Wire.Preview()
    wire.task = task.wire
    wire.pass = UInt32(clamping: pass)
    wire.step = UInt32(clamping: step)
    wire.steps = UInt32(clamping: steps)
    wire.done = done
    wire.picture = Wire.Payload(picture, frames: &frames)
    return wire
  }

  /// Sides in pixels, as the first chunk of a PNG file says; nil if it does not begin as one.
  private static func size(ofPNG bytes: [UInt8]) -> (width: Int, height: Int)? {
    let start: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
    guard bytes.count >= 24, bytes.starts(with: start) else { return nil }
    func number(at place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    return (number(at: 16), number(at: 20))
  }
}

extension PreviewWatch {
  /// Numbers that make no sense are left out.
  package init(_ wire: Wire.Watch) {
    self.init(tasks: [:], interval: .milliseconds(wire.intervalMilliseconds))
    for watched in wire.tasks {
      let partials = watched.partials.prefix(PreviewWish.mostPartials).map { Int($0) }
        .filter { (1...PreviewWish.mostPartials).contains($0) }
      tasks[TaskAttempt(watched.task)] = PreviewWish(continuously: watched.continuously, partials: Set(partials))
    }
  }

  package var wire: Wire.Watch {
    var wire = Wire.Watch()
    wire.intervalMilliseconds = UInt32(clamping: Int(interval / .milliseconds(1)))
    wire.tasks = tasks.sorted { ($0.key.task, $0.key.attempt) < ($1.key.task, $1.key.attempt) }.map { task, wish in
      var watched = Wire.Watch.Watched()
      watched.task = task.wire
      watched.continuously = wish.continuously
      watched.partials = wish.partials.sorted().map { UInt32(clamping: $0) }
      return watched
    }
    return wire
  }
}
