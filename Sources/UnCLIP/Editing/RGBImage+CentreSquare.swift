import Imaging

extension RGBImage {
  /// The largest square in the picture's middle, at `side` pixels: how CLIP looks at a picture too.
  func centreSquare(side: Int) -> RGBImage {
    let shorter = min(width, height)
    var square = RGBImage(width: shorter, height: shorter, filledWith: (0, 0, 0))
    square.paste(self, x: -((width - shorter) / 2), y: -((height - shorter) / 2))
    return Resampler.lanczos.resize(square, width: side, height: side)
  }
}
