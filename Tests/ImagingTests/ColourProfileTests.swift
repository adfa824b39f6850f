import Testing

@testable import Imaging

@Suite struct ColourProfileTests {
  @Test(arguments: ["profile.jpg", "profile.png", "turned.webp"])
  func `a colour profile is read, and written with the picture`(name: String) throws {
    let picture = try PictureFile.decodeWithOpacity(PictureFixture(name).bytes)
    #expect(try #require(picture.profile).bytes.count > 128)
    #expect(try PictureFile.decodeWithOpacity(PNG.encode(picture)) == picture)
  }

  @Test func `a profile of other colours than red, green and blue is left out`() {
    var bytes = [UInt8](repeating: 0, count: 200)
    bytes.replaceSubrange(36..<40, with: "acsp".utf8)
    bytes.replaceSubrange(16..<20, with: "RGB ".utf8)
    #expect(ColourProfile(bytes)?.bytes == bytes)
    bytes.replaceSubrange(16..<20, with: "CMYK".utf8)
    #expect(ColourProfile(bytes) == nil)
    #expect(ColourProfile([]) == nil)
  }

  @Test func `opacity is written where there is any, and an opaque picture is written as one without`() throws {
    let clear = RGBAImage(width: 2, height: 1, pixels: [10, 20, 30, 0, 40, 50, 60, 200])
    #expect(try PictureFile.decodeWithOpacity(PNG.encode(clear)) == clear)
    let opaque = RGBAImage(width: 2, height: 1, pixels: [10, 20, 30, 255, 40, 50, 60, 255])
    #expect(try PNG.encode(opaque) == PNG.encode(opaque.colours))
  }
}
