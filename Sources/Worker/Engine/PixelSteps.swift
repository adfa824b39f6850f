import UnCLIP

/// How the steps of a picture are shared out among the stages and passes that make its pixels, so that it can be told
/// how much of them is done.
struct PixelSteps {
  private let decoder: Int
  private let upsampler: Int
  private let passes: Int

  init(_ request: PictureRequest, passes: Int) {
    decoder = request.decoderSteps
    upsampler = request.superResSteps
    self.passes = passes
  }

  /// One run of steps, by where it begins and ends among all, from 0 to 1.
  struct Part {
    fileprivate let start: Double
    fileprivate let end: Double
    let pass: Int

    /// How much of the picture's steps is done with so many of the part's.
    func done(_ completed: Int, of steps: Int) -> Double {
      start + (end - start) * Double(completed) / Double(max(1, steps))
    }
  }

  var decoding: Part { part(0, from: 0, to: decoder) }

  func upsampling(pass: Int) -> Part {
    let start = decoder + pass * upsampler
    return part(pass, from: start, to: start + upsampler)
  }

  private func part(_ pass: Int, from start: Int, to end: Int) -> Part {
    let all = Double(max(1, decoder + passes * upsampler))
    return Part(start: Double(start) / all, end: Double(end) / all, pass: pass)
  }
}
