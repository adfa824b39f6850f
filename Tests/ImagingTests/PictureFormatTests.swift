import Testing

@testable import Imaging

/// Files that are told by their first bytes.
@Suite struct PictureFormatTests {
  private static func media(_ brand: String) -> [UInt8] { [0, 0, 0, 24] + Array(("ftyp" + brand).utf8) }

  @Test(
    arguments: [
      (media("heic"), "it is HEIC; convert it with 'heif-convert FILE picture.png'."),
      (media("mif1"), "it is HEIC; convert it"), (media("avif"), "it is AVIF; convert it with"),
      (media("isom"), "it is a film; take a frame"), (media("qt  "), "it is a film; take a frame"),
      ([0x49, 0x49, 0x2A, 0, 8], "it is TIFF or a camera's raw file; convert it with 'magick FILE picture.png'."),
      (Array("BM6".utf8), "it is BMP; convert"), (Array("%PDF-1.7".utf8), "it is a PDF; make a picture of a page"),
      (Array("<!DOCTYPE html>".utf8), "it is a web page; save the picture itself"),
      ([0, 0, 0, 12] + Array("JXL ".utf8), "it is JPEG XL; convert it with 'djxl"),
      (Array("<svg xmlns".utf8), "it is an SVG drawing"),
    ] as [([UInt8], String)])
  func `a kind of picture that is not read is named, with what to do`(bytes: [UInt8], reason: String) throws {
    let error = try #require(throws: ImagingError.self) { try PictureFile.decode(bytes) }
    #expect(error.code == .unsupported)
    #expect(error.message.contains(reason), "\(error.message)")
  }

  @Test func `what is read is told by as many bytes as are looked at`() {
    let formats: [(String, PictureFormat)] = [
      (".png", .png), (".jpg", .jpeg), (".webp", .webp), (".gif", .gif),
    ]
    for (suffix, format) in formats {
      for fixture in PictureFixture.all(suffix) {
        #expect(PictureFormat(of: fixture.bytes.prefix(PictureFormat.signatureLength)) == format, "\(fixture)")
      }
    }
    #expect(PictureFormat(of: Array("a cat".utf8)) == nil)
    #expect(PictureFormat(of: []) == nil)
  }
}
