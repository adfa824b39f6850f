/// A picture of 8-bit red, green, blue and opacity, row by row from the top; 255 is opaque.
package struct RGBAImage: Sendable, Equatable {
  package let width: Int
  package let height: Int
  /// `width * height * 4` values.
  package var pixels: [UInt8]
  /// What colours the values are, where the file says so; sRGB for nil.
  package var profile: ColourProfile?

  package init(width: Int, height: Int, pixels: [UInt8], profile: ColourProfile? = nil) {
    precondition(pixels.count == width * height * 4, "\(pixels.count) values are no \(width)x\(height) picture")
    self.width = width
    self.height = height
    self.pixels = pixels
    self.profile = profile
  }

  /// An opaque picture.
  package init(_ picture: RGBImage) {
    let count = picture.width * picture.height * 4
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { pixels, filled in
      for pixel in 0..<picture.width * picture.height {
        for channel in 0..<3 { pixels[pixel * 4 + channel] = picture.pixels[pixel * 3 + channel] }
        pixels[pixel * 4 + 3] = 255
      }
      filled = count
    }
    self.init(width: picture.width, height: picture.height, pixels: pixels)
  }

  package var isOpaque: Bool { stride(from: 3, to: pixels.count, by: 4).allSatisfy { pixels[$0] == 255 } }

  /// The colours alone, whatever their opacity.
  package var colours: RGBImage {
    RGBImage(width: width, height: height, pixels: channels(3) { pixel, channel in pixels[pixel * 4 + channel] })
  }

  /// The opacity of each pixel, `width * height` values: a mask.
  package var opacity: [UInt8] { channels(1) { pixel, _ in pixels[pixel * 4 + 3] } }

  /// The picture laid over a colour, as a person sees it; white is what the reference's preprocessing lays it over.
  package func over(_ colour: (UInt8, UInt8, UInt8)) -> RGBImage {
    if isOpaque { return colours }
    let ground = [Int(colour.0), Int(colour.1), Int(colour.2)]
    return RGBImage(
      width: width, height: height,
      pixels: channels(3) { pixel, channel in
        let alpha = Int(pixels[pixel * 4 + 3])
        return UInt8((Int(pixels[pixel * 4 + channel]) * alpha + ground[channel] * (255 - alpha) + 127) / 255)
      })
  }

  private func channels(_ count: Int, _ value: (_ pixel: Int, _ channel: Int) -> UInt8) -> [UInt8] {
    let total = width * height * count
    return [UInt8](unsafeUninitializedCapacity: total) { result, filled in
      for pixel in 0..<width * height {
        for channel in 0..<count { result[pixel * count + channel] = value(pixel, channel) }
      }
      filled = total
    }
  }
}
