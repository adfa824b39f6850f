import Tensor
import TestSupport
import Testing

@testable import Imaging
@testable import UnCLIP

@Suite("Editing") struct EditingTests {
  /// A picture whose colours change slowly, so that a step in it is the seam's.
  private static func ramp(width: Int, height: Int) -> RGBImage {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width { pixels += [UInt8(40 + x * 100 / width), UInt8(60 + y * 100 / height), 150] }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  /// A mask that is white where `isEdited` says.
  private static func mask(width: Int, height: Int, _ isEdited: (Int, Int) -> Bool) -> RGBAImage {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let value: UInt8 = isEdited(x, y) ? 255 : 0
        pixels += [value, value, value, 255]
      }
    }
    return RGBAImage(width: width, height: height, pixels: pixels)
  }

  /// What a model would make that got the picture right but for its colours, at half the size.
  private static func tinted(_ picture: RGBImage, x: Int, side: Int, by tint: Int) -> RGBImage {
    var window = RGBImage(width: side, height: side, filledWith: (0, 0, 0))
    window.paste(picture, x: -x, y: 0)
    let pixels = window.pixels.map { UInt8(min(max(Int($0) + tint, 0), 255)) }
    let whole = RGBImage(width: side, height: side, pixels: pixels)
    return Resampler.lanczos.resize(whole, width: side / 2, height: side / 2)
  }

  @Test(
    "However the made part's colours differ, no step shows at the seam, and no kept pixel changes",
    arguments: [-30, -8, 8, 30])
  func seam(tint: Int) throws {
    let (width, height) = (96, 64)
    let picture = Self.ramp(width: width, height: height)
    // A mask at the picture's border and one inside.
    let masks: [(Int, Int) -> Bool] = [
      { x, y in x < 30 && y > 20 }, { x, y in (x - 60) * (x - 60) + (y - 30) * (y - 30) < 300 },
    ]
    for isEdited in masks {
      let edit = try PictureEdit(
        picture: RGBAImage(picture), mask: Self.mask(width: width, height: height, isEdited))
      let windowX = isEdited(5, 60) ? 0 : 28
      let result = edit.composed(Self.tinted(picture, x: windowX, side: height, by: tint)).colours
      var worst = 0
      for y in 0..<height {
        for x in 0..<width {
          let place = (y * width + x) * 3
          if !isEdited(x, y) {
            #expect(result.pixels[place..<place + 3] == picture.pixels[place..<place + 3], "\(x), \(y)")
            continue
          }
          for channel in 0..<3 {
            worst = max(worst, abs(Int(result.pixels[place + channel]) - Int(picture.pixels[place + channel])))
          }
        }
      }
      #expect(worst <= 6, "the made part differs by \(worst) at tint \(tint)")
    }
  }

  @Test("A mask is read as people draw it: transparent, or white in an opaque picture")
  func masks() {
    let drawn = RGBAImage(
      width: 2, height: 2, pixels: [255, 255, 255, 255, 0, 0, 0, 255, 200, 200, 200, 255, 10, 10, 10, 255])
    #expect(EditMask(drawn).isEdited == [true, false, true, false])
    let erased = RGBAImage(width: 2, height: 1, pixels: [255, 255, 255, 255, 0, 0, 0, 0])
    #expect(EditMask(erased).isEdited == [false, true])
  }

  /// A picture whose left columns are clear, with a colour that nobody sees, and whose next ones are half clear.
  private static func bordered(width: Int, height: Int) -> RGBAImage {
    var picture = RGBAImage(ramp(width: width, height: height))
    for y in 0..<height {
      for x in 0..<8 {
        let place = (y * width + x) * 4
        picture.pixels.replaceSubrange(place..<place + 4, with: x < 4 ? [255, 0, 255, 0] : [255, 0, 255, 100])
      }
    }
    picture.profile = sRGB
    return picture
  }

  /// As much of a profile as is needed for it to count as one.
  private static let sRGB: ColourProfile? = {
    var bytes = [UInt8](repeating: 0, count: 132)
    bytes.replaceSubrange(16..<20, with: "RGB ".utf8)
    bytes.replaceSubrange(36..<40, with: "acsp".utf8)
    return ColourProfile(bytes)
  }()

  @Test func `opacity and colour profile of an edited picture stay, and what is made is opaque`() throws {
    let (width, height) = (40, 24)
    let picture = Self.bordered(width: width, height: height)
    let isEdited = { (x: Int, y: Int) in (2..<14).contains(x) && (6..<16).contains(y) }
    let edit = try PictureEdit(picture: picture, mask: Self.mask(width: width, height: height, isEdited))
    let result = edit.composed(RGBImage(width: 16, height: 16, filledWith: (90, 90, 90)))
    #expect(result.profile != nil && result.profile == picture.profile)
    for y in 0..<height {
      for x in 0..<width {
        let place = (y * width + x) * 4
        let pixel = result.pixels[place..<place + 4]
        #expect(isEdited(x, y) ? pixel.last == 255 : pixel == picture.pixels[place..<place + 4], "\(x), \(y)")
      }
    }
  }

  @Test func `the hidden colour of a clear pixel that stays is nothing that the model goes by`() throws {
    let (width, height) = (40, 24)
    let mask = Self.mask(width: width, height: height) { x, y in (12..<16).contains(x) && (6..<16).contains(y) }
    var other = Self.bordered(width: width, height: height)
    for pixel in 0..<width * height where other.pixels[pixel * 4 + 3] == 0 { other.pixels[pixel * 4 + 1] = 255 }
    let regions = try [Self.bordered(width: width, height: height), other].map { picture in
      let noise = Tensor([Float](repeating: 0, count: 3 * 256), shape: [3, 16, 16])
      return try PictureEdit(picture: picture, mask: mask).region(size: 16, noise: noise).clean.array
    }
    #expect(regions[0] == regions[1])
  }

  @Test(arguments: [(4, 4), (5000, 8), (1, 9)])
  func `a picture of any small or long shape is edited`(width: Int, height: Int) throws {
    let picture = RGBAImage(RGBImage(width: width, height: height, filledWith: (200, 100, 50)))
    let edit = try PictureEdit(picture: picture, mask: Self.mask(width: width, height: height) { x, y in x + y == 0 })
    let result = edit.composed(RGBImage(width: 16, height: 16, filledWith: (90, 90, 90)))
    #expect(result.width == width && result.height == height)
    #expect(result.pixels.dropFirst(4) == picture.pixels.dropFirst(4))
  }

  @Test("What cannot be edited is said in a sentence")
  func refusals() {
    let picture = Self.ramp(width: 40, height: 20)
    func reason(_ mask: RGBAImage?, of picture: RGBImage = picture) -> String {
      do {
        try PictureEdit.check(RGBAImage(picture), mask: mask)
        return ""
      } catch { return error.message }
    }
    #expect(reason(nil).hasPrefix("The picture is opaque and there is no mask, so that nothing says what to edit."))
    #expect(reason(Self.mask(width: 20, height: 20) { _, _ in true }).contains("they must agree"))
    #expect(reason(Self.mask(width: 40, height: 20) { _, _ in false }).contains("names nothing"))
    #expect(reason(Self.mask(width: 40, height: 20) { _, _ in true }).contains("covers the whole picture"))
    #expect(reason(Self.mask(width: 40, height: 20) { x, _ in x < 30 }).contains("must fit a square of 20"))
    // Told before the mask is looked at.
    let mask = Self.mask(width: 4, height: 4) { _, _ in true }
    let square = RGBImage(width: 4100, height: 4100, filledWith: (1, 2, 3))
    #expect(reason(mask, of: square).contains("its shorter side can have at most 4096"))
    let long = RGBImage(width: 8400, height: 4000, filledWith: (1, 2, 3))
    #expect(reason(mask, of: long).contains("all of it at most 33554432"))
  }
}
