import Shared
import TestSupport
import Testing

/// Previews and what is watched, on their way between worker and coordinator.
@Suite struct PreviewWireTests {
  private func preview(
    width: Int = 8, height: Int = 6, bytes: [UInt8]? = nil, done: Double = 0.25
  ) -> (wire: Wire.Preview, frames: [[UInt8]], value: TaskPreview) {
    let value = TaskPreview(
      pass: 1, step: 3, steps: 7, done: done,
      picture: Artifact(
        kind: .picture, type: .png, shape: [height, width, 3],
        bytes: bytes ?? PictureHead.png(width: width, height: height)))
    var frames: [[UInt8]] = [[9]]
    let wire = value.wire(of: TaskAttempt(task: 4, attempt: 2), frames: &frames)
    return (wire, frames, value)
  }

  @Test func `a preview survives the wire`() throws {
    let (wire, frames, value) = preview()
    #expect(TaskAttempt(wire.task) == TaskAttempt(task: 4, attempt: 2))
    #expect(try TaskPreview(wire, frames: frames) == value)
  }

  @Test(
    arguments: [
      (257, 8, nil, "at most 256 pixels"), (8, 8, PictureHead.png(width: 9, height: 8), "no PNG file of that size"),
      (8, 8, Array("GIF89a".utf8), "no PNG file"), (8, 8, [], "which its shape"),
      (8, 8, PictureHead.png(width: 8, height: 8, size: 300_000), "has 300000 bytes; at most 262144 are taken"),
    ] as [(Int, Int, [UInt8]?, String)])
  func `what is no small picture is refused, and said why`(
    width: Int, height: Int, bytes: [UInt8]?, reason: String
  ) {
    let (wire, frames, _) = preview(width: width, height: height, bytes: bytes)
    let error = #expect(throws: AtelierError.self) { try TaskPreview(wire, frames: frames) }
    #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
  }

  @Test(arguments: [-0.5, 1.5, .nan, .infinity] as [Double]) func `progress that makes no sense is refused`(
    done: Double
  ) {
    let (wire, frames, _) = preview(done: done)
    #expect(throws: AtelierError.self) { try TaskPreview(wire, frames: frames) }
  }

  @Test func `what is watched survives the wire, and numbers that make no sense are left out`() {
    let watch = PreviewWatch(
      tasks: [
        TaskAttempt(task: 1, attempt: 1): PreviewWish(continuously: true),
        TaskAttempt(task: 2, attempt: 3): PreviewWish(partials: [1, 3]),
      ], interval: .milliseconds(700))
    #expect(PreviewWatch(watch.wire) == watch)
    var wire = watch.wire
    wire.tasks[1].partials = [0, 3, 99, 1]
    #expect(PreviewWatch(wire) == watch)
  }

  @Test func `partial pictures lie at even distances, and the end is none of them`() {
    #expect([0.0, 0.24, 0.25, 0.5, 0.75, 1].map { PreviewWish.partial(of: 3, done: $0) } == [0, 0, 1, 2, 3, 3])
    #expect([0.49, 0.5, 0.99].map { PreviewWish.partial(of: 1, done: $0) } == [0, 1, 1])
    // A third, summed up from steps.
    #expect(PreviewWish.partial(of: 2, done: 1.0 / 30 * 10) == 1)
    #expect(PreviewWish.partial(of: 2, done: .nan) == 0)
  }
}
