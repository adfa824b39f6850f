import Testing

@testable import Imaging

/// Against Pillow (Fixtures/make_fixtures.py).
@Suite struct ResamplerTests {
  private static let sizes = [(41, 29), (20, 14), (13, 40), (90, 7), (64, 64), (1, 1), (41, 5), (3, 29), (100, 90)]

  @Test("Pictures are resized as Pillow does it, to the value", arguments: ["lanczos", "bicubic"], sizes)
  func matchesPillow(_ filter: String, _ size: (Int, Int)) throws {
    let source = RGBImage(width: 41, height: 29, pixels: try PictureFixture.read("resize/source.rgb"))
    let resampler = filter == "lanczos" ? Resampler.lanczos : .bicubic
    let resized = resampler.resize(source, width: size.0, height: size.1)
    #expect(resized.width == size.0 && resized.height == size.1)
    #expect(resized.pixels == (try PictureFixture.read("resize/\(filter)-\(size.0)x\(size.1).rgb")))
  }

  @Test("A flat picture stays flat", arguments: sizes)
  func flat(_ size: (Int, Int)) {
    let picture = RGBImage(width: 17, height: 11, filledWith: (0, 128, 255))
    for resampler in [Resampler.lanczos, .bicubic] {
      let expected = RGBImage(width: size.0, height: size.1, filledWith: (0, 128, 255))
      #expect(resampler.resize(picture, width: size.0, height: size.1) == expected)
    }
  }
}
