import Testing

@testable import Imaging

/// A file of a few bytes a scan must not keep a worker busy for minutes.
@Suite struct ProgressiveScansTests {
  /// A progressive picture of one grey block, whose first coefficient is sent once a scan, again and again.
  private static func picture(scans: Int, hasEnd: Bool = true) -> [UInt8] {
    let start: [UInt8] = [0xFF, 0xD8]
    let quantization: [UInt8] = [0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
    let frame: [UInt8] = [0xFF, 0xC2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]
    // One code, of one bit: no difference from the block before.
    let codes: [UInt8] = [0xFF, 0xC4, 0, 20, 0, 1] + [UInt8](repeating: 0, count: 15) + [0]
    let scan: [UInt8] = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, 0x7F]
    return start + quantization + frame + codes + (0..<scans).flatMap { _ in scan } + (hasEnd ? [0xFF, 0xD9] : [])
  }

  @Test func `as many scans as any program writes are read`() throws {
    let picture = try PictureFile.decode(Self.picture(scans: JPEG.mostScans))
    #expect(picture == RGBImage(width: 8, height: 8, filledWith: (128, 128, 128)))
  }

  @Test func `more are refused with the reason`() throws {
    let error = try #require(throws: ImagingError.self) {
      try PictureFile.decode(Self.picture(scans: JPEG.mostScans + 1))
    }
    #expect(error.code == .unsupported)
    #expect(
      error.message == "Cannot read the JPEG: it has 101 scans, which would take very long; at most 100 are taken.")
  }

  @Test func `a picture within a header, such as a small one in Exif, has no scans of this one`() throws {
    let picture = Self.picture(scans: 1)
    let header: [UInt8] = [0xFF, 0xE2, 3, 0xE9] + (0..<499).flatMap { _ in [0xFF, 0xDA] as [UInt8] } + [0]
    let whole = picture.prefix(2) + header + picture.dropFirst(2)
    #expect(try PictureFile.decode(Array(whole)) == PictureFile.decode(picture))
  }

  @Test func `a file that is cut between two scans is refused, though libjpeg would show it`() throws {
    let error = try #require(throws: ImagingError.self) {
      try PictureFile.decode(Self.picture(scans: 1, hasEnd: false))
    }
    #expect(error.message == "Cannot read the JPEG: it ends too early.")
  }
}
