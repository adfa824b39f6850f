import Foundation
import TestSupport
import Testing

@testable import Imaging

@Suite struct PictureFileTests {
  @Test("There are fixtures of every kind")
  func hasFixtures() {
    #expect(PictureFixture.all(".png").count >= 18)
    #expect(PictureFixture.all(".jpg").count >= 25)
    #expect(PictureFixture.all(".webp").count >= 4)
    #expect(PictureFixture.all(".gif").count >= 4)
  }

  @Test("A PNG of any kind has the pixels that Pillow reads", arguments: PictureFixture.all(".png"))
  func png(_ fixture: PictureFixture) throws {
    #expect(try PictureFile.decodeWithOpacity(fixture.bytes).withoutProfile == fixture.expected)
    let opaque = try PNG.decode(fixture.bytes)
    #expect(opaque.width == fixture.expected.width && opaque.height == fixture.expected.height)
    #expect(opaque == fixture.expected.over((255, 255, 255)))
  }

  @Test("A JPEG of any kind has the pixels that Pillow reads, upright", arguments: PictureFixture.all(".jpg"))
  func jpeg(_ fixture: PictureFixture) throws {
    let picture = try PictureFile.decodeWithOpacity(fixture.bytes)
    #expect(picture.width == fixture.expected.width && picture.height == fixture.expected.height)
    #expect(largestDifference(picture.pixels, fixture.expected.pixels) <= 1)
  }

  @Test(arguments: PictureFixture.all(".webp") + PictureFixture.all(".gif"))
  func `a WebP or GIF has the pixels that Pillow reads in its first frame`(_ fixture: PictureFixture) throws {
    let picture = try PictureFile.decodeWithOpacity(fixture.bytes)
    #expect(picture.width == fixture.expected.width && picture.height == fixture.expected.height)
    #expect(largestDifference(picture.pixels, fixture.expected.pixels) <= 1)
  }

  @Test("Opacity is kept, laid over a colour, or left out")
  func opacity() {
    let picture = RGBAImage(width: 3, height: 1, pixels: [10, 20, 30, 0, 10, 20, 30, 255, 0, 100, 200, 128])
    #expect(!picture.isOpaque)
    #expect(picture.opacity == [0, 255, 128])
    #expect(picture.colours.pixels == [10, 20, 30, 10, 20, 30, 0, 100, 200])
    #expect(picture.over((255, 255, 255)).pixels == [255, 255, 255, 10, 20, 30, 127, 177, 227])
  }

  @Test(
    "A written PNG reads back the same, and the same picture gives the same bytes",
    arguments: [(1, 1), (7, 3), (64, 64), (3, 500)])
  func roundTrip(_ width: Int, _ height: Int) throws {
    var random = SeededGenerator(seed: 5)
    for isNoise in [true, false] {
      let pixels = (0..<width * height * 3).map {
        isNoise ? UInt8.random(in: 0...255, using: &random) : UInt8(truncatingIfNeeded: $0 / 3)
      }
      let picture = RGBImage(width: width, height: height, pixels: pixels)
      let bytes = try PNG.encode(picture)
      #expect(try PNG.decode(bytes) == picture)
      #expect(try PNG.encode(picture) == bytes)
    }
  }

  @Test("A flat picture is written small")
  func compression() throws {
    let bytes = try PNG.encode(RGBImage(width: 256, height: 256, filledWith: (1, 2, 3)))
    #expect(bytes.count < 2000)
  }

  @Test("A picture without pixels is not written")
  func empty() {
    #expect(throws: ImagingError.self) { try PNG.encode(RGBImage(width: 0, height: 4, pixels: [])) }
  }

  @Test(
    "A truncated file is an error, wherever it ends",
    arguments: [
      "rgb.png", "interlaced.png", "rgb.jpg", "progressive.jpg", "sampled-4x1.jpg", "lossy.webp", "lossless.webp",
      "plain.gif", "interlaced.gif",
    ])
  func truncated(_ name: String) throws {
    let bytes = try PictureFixture(name).bytes
    // The last bytes of a file are its end mark, which nobody needs.
    for count in stride(from: 0, to: bytes.count - 40, by: 7) {
      let error = #expect(throws: ImagingError.self, "\(count) bytes") {
        try PictureFile.decode(Array(bytes.prefix(count)))
      }
      #expect(error?.code == .malformed)
    }
  }

  @Test("Random damage never does worse than an error", arguments: PictureFixture.all(""))
  func damaged(_ fixture: PictureFixture) {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<60 {
      var bytes = fixture.bytes
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try? PictureFile.decode(bytes)
    }
  }

  @Test("What is no picture, or claims to be enormous, is an error that says so")
  func refusals() throws {
    func message(_ bytes: [UInt8]) throws -> String {
      try #require(throws: ImagingError.self) { try PictureFile.decode(bytes) }.message
    }
    #expect(try message(Array("a cat".utf8)).contains("it is no PNG, JPEG, WebP or GIF"))
    #expect(try message([]).contains("it is empty"))
    var bytes = try PictureFixture("rgb.png").bytes
    // Width 2^31 - 1, and a checksum that fits nothing.
    bytes.replaceSubrange(16..<20, with: [0x7F, 0xFF, 0xFF, 0xFF])
    #expect(try message(bytes).contains("Cannot read the PNG"))
  }
}
