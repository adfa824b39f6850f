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

  /// One run of steps.
  struct Part {
    let pass: Int
    /// Steps before it, its own, and all of the picture.
    fileprivate let before: Int
    fileprivate let own: Int
    fileprivate let all: Int

    /// How much of the picture's steps is done with so many of the part's, of which an edit makes some twice.
    func done(_ completed: Int, of steps: Int) -> Double {
      let made = Double(before) + Double(own) * Double(completed) / Double(max(1, steps))
      return min(1, made / Double(max(1, all)))
    }
  }

  var decoding: Part { Part(pass: 0, before: 0, own: decoder, all: decoder + passes * upsampler) }

  func upsampling(pass: Int) -> Part {
    Part(pass: pass, before: decoder + pass * upsampler, own: upsampler, all: decoder + passes * upsampler)
  }
}
