import Testing

@testable import Imaging

/// Against Pillow (Fixtures/make_fixtures.py).
@Suite struct ResamplerTests {
  private static let sizes = [
    (41, 29), (20, 14), (13, 40), (90, 7), (64, 64), (1, 1), (41, 5), (3, 29), (70, 60), (38, 20), (36, 19), (36, 18),
  ]
  private static let resamplers: [String: Resampler] = [
    "lanczos": .lanczos, "bicubic": .bicubic, "bilinear": .bilinear, "box": .box, "hamming": .hamming,
  ]

  @Test("Pictures are resized as Pillow does it, to the value", arguments: resamplers.keys.sorted(), sizes)
  func matchesPillow(_ filter: String, _ size: (Int, Int)) throws {
    let source = RGBImage(width: 41, height: 29, pixels: try PictureFixture.read("resize/source.rgb"))
    let resampler = try #require(Self.resamplers[filter])
    let resized = resampler.resize(source, width: size.0, height: size.1)
    #expect(resized.width == size.0 && resized.height == size.1)
    #expect(resized.pixels == (try PictureFixture.read("resize/\(filter)-\(size.0)x\(size.1).rgb")))
  }

  @Test("A flat picture stays flat", arguments: resamplers.keys.sorted(), sizes)
  func flat(_ filter: String, _ size: (Int, Int)) throws {
    let picture = RGBImage(width: 17, height: 11, filledWith: (0, 128, 255))
    let expected = RGBImage(width: size.0, height: size.1, filledWith: (0, 128, 255))
    #expect(try #require(Self.resamplers[filter]).resize(picture, width: size.0, height: size.1) == expected)
  }
}
